import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';
import type { GivenUse } from '../../schemas/given';
import type { SpecOf } from '../../contracts/stage';
import { givenFileName, orderGiven } from '../../planning';
import { type GivenRows, readGiven } from '../../ingest';
import { digestFile, writeFileAtomic } from '../../store';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { assertGrading, loadHeldOut } from '../task-data';

export type GivenSpec = Extract<
  SpecOf<'synthesizeData'>,
  { what: 'given-demonstrations' | 'given-preferences' }
>;

const useOf = ({ what }: GivenSpec): GivenUse =>
  what === 'given-demonstrations' ? 'demonstrations' : 'preferences';

async function openGiven({ stage }: StageSession, spec: GivenSpec): Promise<string> {
  const name = givenFileName(useOf(spec));
  const path = stage.files[name] ?? '';
  if ((await digestFile(path)) === spec.given.digest) return path;
  throw new BudgetlineError('DATA_INVALID', `${path} has changed since the run was planned.`, {
    remedy: 'Put the file back as it was, or start the run again: it is planned anew.',
    details: { path, field: name },
  });
}

/** Counts of the whole file, whichever rows of it were taken. */
function figuresOf({ rows, summary, checked, contradicted }: GivenRows) {
  const { compared, alike } = summary.agreement;
  return {
    usable: rows.length,
    dropped: Object.values(summary.dropped).reduce((sum, count) => sum + count, 0),
    ...{ checked, contradicted, labelledAgain: compared, labelledAlike: alike },
  };
}

async function readRows(session: StageSession, spec: GivenSpec): Promise<GivenRows> {
  const { task, problems } = await session.loadTask();
  await assertGrading(task, spec.code);
  const path = await openGiven(session, spec);
  const beside = await loadHeldOut(session.environment.problems, session.stage.files, spec);
  const given = await readGiven({
    ...{ path, given: spec.given, task, problems, beside },
    templated: spec.data.source === 'twin',
  });
  if (given.rows.length >= spec.rows) return given;
  throw new BudgetlineError(
    'BUDGET_EXCEEDS_POOL',
    `${spec.rows} ${useOf(spec)} are asked for; ${path} has ${given.rows.length} usable rows.`,
  );
}

/** Takes rows of the user's own file, in the order of the seed. */
export async function takeGiven(session: StageSession, spec: GivenSpec): Promise<StageOutput> {
  const use = useOf(spec);
  const given = await readRows(session, spec);
  const taken = orderGiven(given.rows, { use, poolSeed: spec.poolSeed }).slice(0, spec.rows);
  const dir = await session.freshDir('payload');
  const name = use === 'demonstrations' ? 'demonstrations.jsonl' : 'pairs.jsonl';
  await writeJsonLines(
    join(dir, name),
    taken.map(({ row }) => row),
  );
  const figures = { rows: spec.rows, ...figuresOf(given) };
  const stats = { ...figures, droppedBy: given.summary.dropped };
  await writeFileAtomic(join(dir, 'stats.json'), `${JSON.stringify(stats, undefined, 2)}\n`);
  return { dir, metrics: { ...figures, ...given.summary.agreement.patterns } };
}
