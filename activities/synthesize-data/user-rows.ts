import { join } from 'node:path';
import type { UserRowsUse } from '../../schemas/user-rows';
import { orderUserRows } from '../../planning';
import { userFileName, type UserRowsSpec } from '../../stages';
import { type UserRows, readUserRows } from '../../ingest';
import { writeFileAtomic } from '../../host/durable-files';
import { writeJsonLines } from '../json-lines';
import type { StageOutput, StageSession } from '../session';
import { tooFewRows } from './too-few-rows';
import { assertGrading, assertPinned, loadHeldOut } from '../task-data';

const useOf = ({ what }: UserRowsSpec): UserRowsUse =>
  what === 'user-demonstrations' ? 'demonstrations' : 'preferences';

async function openUserRows({ stage }: StageSession, spec: UserRowsSpec): Promise<string> {
  const name = userFileName(useOf(spec));
  const path = stage.files[name] ?? '';
  await assertPinned({ path, field: name, digest: spec.userRows.digest });
  return path;
}

/** Counts over the whole file, whichever rows were taken. */
function countRows({ rows, summary, checked, verifierMismatches }: UserRows) {
  const { compared, alike } = summary.agreement;
  return {
    usable: rows.length,
    dropped: Object.values(summary.dropped).reduce((sum, count) => sum + count, 0),
    checked,
    verifierMismatches,
    labelledAgain: compared,
    labelledAlike: alike,
  };
}

async function readRows(session: StageSession, spec: UserRowsSpec): Promise<UserRows> {
  const { task, problems } = await session.loadTask();
  await assertGrading(task, spec.code);
  const path = await openUserRows(session, spec);
  const auxiliary = await loadHeldOut(session.environment.problems, session.stage.files, spec);
  const found = await readUserRows({
    path,
    reading: spec.userRows,
    task,
    problems,
    auxiliary,
    templated: spec.data.source === 'synthetic',
  });
  const { rows, skip = 0 } = spec;
  if (found.rows.length >= skip + rows) return found;
  throw tooFewRows(skip, `${rows} ${useOf(spec)} are needed; ${path} has ${found.rows.length} usable rows`);
}

/** Takes rows of the user's own file, in the seed's order. */
export async function takeUserRows(session: StageSession, spec: UserRowsSpec): Promise<StageOutput> {
  const use = useOf(spec);
  const { rows, skip = 0, poolSeed } = spec;
  const found = await readRows(session, spec);
  const taken = orderUserRows(found.rows, { use, poolSeed }).slice(skip, skip + rows);
  const dir = await session.freshDir('payload');
  const name = use === 'demonstrations' ? 'demonstrations.jsonl' : 'pairs.jsonl';
  await writeJsonLines(
    join(dir, name),
    taken.map(({ row }) => row),
  );
  const metrics = { rows, ...countRows(found) };
  const stats = { ...metrics, droppedBy: found.summary.dropped };
  await writeFileAtomic(join(dir, 'stats.json'), `${JSON.stringify(stats, undefined, 2)}\n`);
  return { dir, metrics, labels: found.summary.agreement.patterns };
}
