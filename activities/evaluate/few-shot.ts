import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';
import { demonstrationRow, type DemonstrationRow } from '../../schemas/rows';
import type { Problem } from '../../contracts/task';
import { normalizeText } from '../../text/normalize';
import { readJsonLines } from '../json-lines';
import type { StageSession } from '../session';

/**
 * Pool and test set should be disjoint. This catches a custom task that mixes them, before it inflates a
 * score.
 */
export function assertNoLeak(rows: readonly DemonstrationRow[], tested: readonly Problem[]): void {
  const ids = new Set(tested.map(({ id }) => id));
  const texts = new Set(tested.map(({ prompt }) => normalizeText(prompt)));
  const leak = rows.find(({ id, prompt }) => ids.has(id) || texts.has(normalizeText(prompt)));
  if (leak === undefined) return;
  throw new BudgetlineError('DATA_INVALID', `The few-shot demonstration ${leak.id} is also a test item.`, {
    remedy: 'Keep the pool and the test set of the task apart.',
    details: { id: leak.id },
  });
}

/** The demonstrations of the input `data` as text before each question; empty without that input. */
export async function fewShotText(session: StageSession, tested: readonly Problem[]): Promise<string> {
  const data = await session.inputs.openOptional('data');
  if (data === null) return '';
  const rows = await readJsonLines(join(data.dir, 'demonstrations.jsonl'), demonstrationRow);
  assertNoLeak(rows, tested);
  return rows.map(({ prompt, completion }) => `${prompt}${completion}\n`).join('');
}
