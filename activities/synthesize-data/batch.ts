import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { AnnotationCost, Annotator, Problem } from '../../contracts/task';
import { digestOf } from '../../planning';
import type { Claim } from '../../store';
import type { StageSession } from '../session';

/** Completions in the order of their problems, and small figures about them. */
export interface Annotations {
  readonly completions: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** An annotator's folder has one writer at a time: two stages that asked at once would pay twice for common rows. */
async function claimFolder({ environment }: StageSession, key: string, name: string): Promise<Claim> {
  const outcome = await environment.store.claim(
    key,
    `${environment.actor}@${environment.host} process ${process.pid}`,
  );
  if ('claim' in outcome) return outcome.claim;
  throw new BudgetlineError('STAGE_CLAIMED', `Annotator ${name} is working for ${outcome.heldBy.holder}.`);
}

function createBill() {
  const bill = { annotatorCalls: 0, inputTokens: 0, outputTokens: 0, annotatorUsd: 0 };
  const spent = ({ inputTokens, outputTokens, usd }: AnnotationCost): void => {
    bill.annotatorCalls += 1;
    bill.inputTokens += inputTokens;
    bill.outputTokens += outputTokens;
    bill.annotatorUsd += usd;
  };
  return { bill, spent };
}

/** Has an annotator work through problems; what it has paid for stays in its folder, whatever becomes of the attempt. */
export async function annotateBatch(
  session: StageSession,
  annotator: Annotator,
  problems: readonly Problem[],
): Promise<Annotations> {
  const { task } = await session.loadTask();
  const key = digestOf({ annotations: task.name, annotator: annotator.name });
  const claim = await claimFolder(session, key, annotator.name);
  const { bill, spent } = createBill();
  try {
    const completions = await annotator.demonstrateAll?.(problems, {
      folder: join(session.environment.store.paths.home, 'store', 'annotations', key),
      signal: AbortSignal.any([session.stop, claim.lost]),
      report: (step, steps) => session.report({ phase: 'annotate', step, steps }),
      spent,
    });
    return { completions: completions ?? [], metrics: bill };
  } catch (error) {
    // An attempt that should end ends as one, however the annotator tells of it.
    session.assertWanted();
    throw error;
  } finally {
    await claim.release();
  }
}
