import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Finding } from '../../schemas/audit';
import { BudgetlineError } from '../../core/failures';
import { isMissing } from '../../host/fs-errors';
import { resultPages } from '../run-files';
import { rootOf } from './histories';
import { canonicalJson } from '../../core/canonical-json';
import { assembleResult } from '../../contracts/result-pages';
import type { ResultPage, SweepResult, SweepReturn } from '../../contracts/results';
import { finding, type CheckResult, type Subject } from './subject';

const evaluation = z.looseObject({
  key: z.string(),
  digest: z.string(),
  score: z.number(),
  items: z.number(),
});
const cells = z.array(z.looseObject({ cell: z.looseObject({ id: z.string() }), evaluation }));
const controls = z.array(z.looseObject({ of: z.string(), evaluation }));
const tests = z.array(z.looseObject({ of: z.string(), evaluation: evaluation.nullable() }));
const page = z.looseObject({
  cells: cells.default([]),
  controls: controls.default([]),
  tests: tests.default([]),
});
const record = z.looseObject({
  result: z.looseObject({ base: evaluation.nullable(), cells, controls, tests }),
});

type Named = readonly [name: string, evaluation: z.infer<typeof evaluation>];

/** Every score in a result or in one page of it, by what has it. */
const scoresIn = (lists: z.infer<typeof page>): Named[] => [
  ...lists.cells.map(({ cell, evaluation: own }): Named => [cell.id, own]),
  ...lists.controls.map(({ of, evaluation: own }): Named => [`the control of ${of}`, own]),
  ...lists.tests.flatMap(({ of, evaluation: own }): Named[] =>
    own === null ? [] : [[`${of} on test items`, own]],
  ),
];

async function readResult(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    return null;
  }
}

async function checkEvaluation(
  subject: Subject,
  where: string,
  [name, { key, digest, score, items }]: Named,
): Promise<Finding[]> {
  const manifest = (await subject.artifact(key))?.manifest;
  const metrics: Readonly<Record<string, number>> = manifest?.metrics ?? {};
  const same = manifest?.digest === digest && metrics['score'] === score && metrics['items'] === items;
  if (same) return [];
  const what = `${name} has ${score} on ${items} items, but the artifact has ${metrics['score'] ?? 'no score'}`;
  return [finding('result-contradiction', where, what)];
}

/** A page of a large result: it has its digest, and its scores are those of the artifacts. */
async function checkPage(subject: Subject, digest: string): Promise<Finding[]> {
  const where = subject.nameOf({ document: digest });
  try {
    const parsed = page.safeParse(await subject.store.readDocument(digest));
    if (!parsed.success) return [finding('document-changed', where, 'it is not a page of a result')];
    const checks = scoresIn(parsed.data).map((named) => checkEvaluation(subject, where, named));
    return (await Promise.all(checks)).flat();
  } catch (error) {
    if (!(error instanceof BudgetlineError)) throw error;
    if (error.code === 'INPUT_MISSING') return [finding('document-missing', where, 'the file is missing')];
    if (error.code === 'ARTIFACT_CORRUPT') return [finding('document-changed', where, 'its SHA-256 differs')];
    throw error;
  }
}

async function checkPages(subject: Subject): Promise<{ count: number; findings: Finding[] }> {
  const runs = await subject.exported();
  const histories = await Promise.all(
    runs.map(async ({ runId }) => (await subject.completeHistory(runId)) ?? subject.history(runId)),
  );
  const digests = resultPages(histories);
  const found = await Promise.all(digests.map((digest) => checkPage(subject, digest)));
  return { count: digests.length, findings: found.flat() };
}

/** Why result.json is missing: a cancelled run never has one. */
async function describeMissing(subject: Subject): Promise<string> {
  const steered = (await subject.experiment()).filter((line) => line.type === 'run-steered');
  const { experimentId } = subject;
  const cancel = steered.findLast(
    ({ command, workflowId }) => command.action === 'cancel' && workflowId === experimentId,
  );
  if (cancel === undefined) return 'there is no result.json';
  return `there is no result.json: ${cancel.actor} cancelled the run at ${cancel.time}`;
}

const returned = page.extend({ base: evaluation.nullable() });

/** A sweep that another program started has no result.json: its complete history has what it returned. */
async function checkReturned(subject: Subject): Promise<CheckResult> {
  const root = await rootOf(subject);
  const history = root && (await subject.completeHistory(root.runId));
  const { data } = returned.safeParse(history?.result);
  if (root === undefined || data === undefined) return { skipped: await describeMissing(subject) };
  const where = subject.nameOf({ completeHistory: root.runId });
  return checkScores(subject, where, data);
}

/** Every score of a result. */
async function checkScores(
  subject: Subject,
  where: string,
  { base, ...lists }: z.infer<typeof returned>,
): Promise<{ readonly checked: string; readonly findings: Finding[] }> {
  const ofBase: Named[] = base === null ? [] : [['the base model', base]];
  const named = [...ofBase, ...scoresIn(lists)];
  const findings = (await Promise.all(named.map((entry) => checkEvaluation(subject, where, entry)))).flat();
  return { checked: `${named.length} scores in ${where}`, findings };
}

interface ReadRecord {
  readonly definition?: unknown;
  readonly result: SweepResult;
}

const byCell = ({ cell: a }: { cell: { id: string } }, { cell: b }: { cell: { id: string } }): number =>
  a.id < b.id ? -1 : 1;

/** In an order of its own: a report has the plan's, a search another one. */
const ordered = ({ cells, failedCells, ...others }: SweepResult): Record<string, unknown> => ({
  ...others,
  cells: [...cells].sort(byCell),
  failedCells: [...failedCells].sort(byCell),
});

/** What the sweep's run returned that anchored this result; undefined without its complete history. */
async function returnedBy(subject: Subject, { anchor: own }: SweepResult): Promise<SweepResult | undefined> {
  for (const { runId } of await subject.exported()) {
    const history = await subject.completeHistory(runId);
    const last = history?.result as SweepReturn | undefined;
    if (last?.anchor === undefined || last.anchor.head !== own?.head) continue;
    const pages = await Promise.all(last.pages.map(({ digest }) => subject.store.readDocument(digest)));
    return assembleResult(last, pages as ResultPage[]);
  }
  return undefined;
}

const isSame = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) === canonicalJson(b ?? null);

/** result.json has the definition of the ledger, and field by field what the workflow returned. */
async function checkWhole(
  subject: Subject,
  where: string,
  { definition, result }: ReadRecord,
): Promise<Finding[] | undefined> {
  const report = (what: string): Finding[] => [finding('result-contradiction', where, what)];
  if (!isSame(definition, await subject.definition()))
    return report('its definition is not that of the ledger');
  const returned = await returnedBy(subject, result);
  if (returned === undefined) return undefined;
  const [found, expected] = [ordered(result), ordered(returned)];
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  const other = names.find((name) => !isSame(found[name], expected[name]));
  return other === undefined ? [] : report(`its "${other}" is not what the workflow returned`);
}

const notWhole =
  'the complete history of the run is not there, so the result was compared only score by score';

/** The scores in result.json are those of the artifacts, and the whole is what the workflow returned. */
export async function checkResults(subject: Subject): Promise<CheckResult> {
  const { count, findings: ofPages } = await checkPages(subject);
  if (ofPages.length > 0) return { checked: '', findings: ofPages };
  const { path, name: where } = subject.resultFile;
  const data = await readResult(path);
  // What another workflow returns is in its history.
  if (data === undefined && (await subject.kind()) !== 'sweep')
    return { checked: 'no result.json: only sweeps write one', findings: [] };
  if (data === undefined) return checkReturned(subject);
  const parsed = record.safeParse(data);
  if (!parsed.success)
    return { checked: '', findings: [finding('result-contradiction', where, 'it is not a result')] };
  const { result } = parsed.data;
  const { checked, findings } = await checkScores(subject, where, result);
  if (findings.length > 0) return { checked, findings };
  const whole = await checkWhole(subject, where, data as ReadRecord);
  if (whole === undefined) return { skipped: `${checked}: ${(await subject.sealedBy()) ?? notWhole}` };
  const withPages = count === 0 ? '' : `, and ${count} pages of the result`;
  return { checked: `${checked}${withPages}, and all that the workflow returned`, findings: whole };
}
