import { createHash } from 'node:crypto';
import { z } from 'zod';
import { stageMetrics } from '../../schemas/artifact';
import type { Finding } from '../../schemas/audit';
import { BudgetlineError } from '../../core/failures';
import type { LineOf } from '../../schemas/ledger';
import { stageMetricsOf } from '../../contracts/metrics';
import type { ResolvedSweep } from '../../contracts/resolved';
import { definitionDigest } from '../../planning';
import { canonicalJson } from '../../core/canonical-json';
import { readAnchor } from '../anchor';
import type { WorkflowHistory } from '../history';
import { openingOf } from '../run-records';
import { finding, type CheckResult, type Subject } from './subject';

type Exported = LineOf<'history-exported'>;

const stageResult = z.looseObject({
  key: z.string(),
  digest: z.string(),
  cached: z.boolean(),
  ...stageMetrics,
});
type Result = z.infer<typeof stageResult>;

/** Results of a history's stage activities. */
function stageResults({ activities }: WorkflowHistory): Result[] {
  return activities.flatMap(({ outcome, result }) => {
    const { data } = stageResult.safeParse(outcome === 'completed' ? result : undefined);
    return data ?? [];
  });
}

/** Other errors, such as a wrong payload key, are not findings. */
function describeUnreadable(error: unknown): string {
  if (error instanceof BudgetlineError && error.code === 'DATA_INVALID')
    return 'it is not a workflow history';
  throw error;
}

async function checkFile(subject: Subject, { runId, sha256, events }: Exported): Promise<Finding[]> {
  const id = { history: runId };
  const where = subject.nameOf(id);
  try {
    const bytes = await subject.store.read(id);
    if (bytes === undefined) return [finding('history-missing', where, 'the file is missing')];
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256)
      return [finding('history-changed', where, `its SHA-256 is ${found}, but the ledger has ${sha256}`)];
    const history = await subject.history(runId);
    if (history.events.length === events) return [];
    return [
      finding(
        'history-changed',
        where,
        `it has ${history.events.length} events, but the ledger records ${events}`,
      ),
    ];
  } catch (error) {
    return [finding('history-changed', where, describeUnreadable(error))];
  }
}

async function checkResult(subject: Subject, { runId }: Exported, result: Result): Promise<Finding[]> {
  const where = subject.nameOf({ history: runId });
  const report = (what: string): Finding[] => [finding('history-contradiction', where, what)];
  const record = (await subject.records()).find(({ stage }) => stage === result.key);
  if (record?.artifact !== result.digest)
    return report(
      `it used ${result.digest} of stage ${result.key}, but the ledger has ${record?.artifact ?? 'none'}`,
    );
  const artifact = await subject.artifact(result.key);
  const measured = artifact && stageMetricsOf(artifact.manifest);
  if (canonicalJson(measured) !== canonicalJson(stageMetricsOf(result)))
    return report(`stage ${result.key} returned other metrics than its manifest has`);
  const ran = (await subject.stage(result.key)).some(
    (line) => line.type === 'attempt-started' && line.runId === runId,
  );
  return result.cached || ran ? [] : report(`it ran stage ${result.key}, but the ledger has no attempt`);
}

async function checkAgreement(subject: Subject, exported: readonly Exported[]): Promise<Finding[]> {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const line of exported)
    for (const result of stageResults(await subject.history(line.runId))) {
      seen.add(result.key);
      findings.push(...(await checkResult(subject, line, result)));
    }
  const unseen = (await subject.records()).filter(({ stage }) => !seen.has(stage));
  const path = subject.nameOf(subject.chainId);
  const orphans = unseen.map(({ stage, sequence }) =>
    finding('history-contradiction', `${path}:${sequence + 1}`, `no history used stage ${stage}`),
  );
  return [...findings, ...orphans];
}

const resolvedInput = z.looseObject({
  resolved: z.looseObject({
    definition: z.looseObject({ data: z.looseObject({ source: z.string() }) }),
    model: z.looseObject({ digest: z.string() }),
    files: z.record(z.string(), z.looseObject({ digest: z.string() })),
  }),
});

const opened = z.looseObject({ definitionDigest: z.string(), definition: z.unknown() });

/** The chain has every definition that a history opened it with. */
async function checkOpenings(subject: Subject, { runId }: Exported): Promise<Finding[]> {
  const { activities } = await subject.history(runId);
  const lines = await subject.experiment();
  return activities
    .filter(({ type }) => type === 'openExperiment')
    .flatMap(({ input }) => {
      const { definitionDigest: digest, definition } = opened.parse(input);
      const isThere = lines.some(
        (line) =>
          line.type === 'experiment-opened' &&
          line.definitionDigest === digest &&
          canonicalJson(line.definition) === canonicalJson(definition),
      );
      const what = `a history opened it with a definition of the digest ${digest}`;
      return isThere ? [] : [finding('definition-changed', subject.nameOf(subject.chainId), what)];
    });
}

/**
 * The definition in the ledger is the input of the sweep or the experiment, and has the recorded digest. A user's own workflow
 * may change its input.
 */
async function checkDefinition(subject: Subject, root: Exported | undefined): Promise<Finding[]> {
  const opening = openingOf(await subject.experiment());
  if (root === undefined || opening === undefined) return [];
  if ((await subject.kind()) === 'workflow') return [];
  const input = resolvedInput.safeParse((await subject.history(root.runId)).input);
  if (!input.success) return [];
  const { resolved } = input.data;
  const digest = definitionDigest(resolved as unknown as ResolvedSweep);
  const same = canonicalJson(resolved.definition) === canonicalJson(opening.definition);
  if (same && digest === opening.definitionDigest) return [];
  const path = subject.nameOf(subject.chainId);
  const what = `the workflow’s definition has the digest ${digest}`;
  return [finding('definition-changed', `${path}:1`, what)];
}

const head = z.looseObject({ head: z.string() });
const anchored = z.looseObject({ anchor: head });

/** The heads in a complete history: of the activity that sealed the ledger, and in the result of the package's workflows. */
async function anchoredHeads(subject: Subject, { activities, result }: WorkflowHistory): Promise<string[]> {
  const sealed = activities.findLast(({ type }) => type === 'finalizeExperiment')?.result;
  const returned =
    (await subject.kind()) === 'workflow' ? undefined : anchored.safeParse(result).data?.anchor;
  return [head.safeParse(sealed).data, returned].flatMap((found) =>
    found === undefined ? [] : [found.head],
  );
}

/** The complete history extends the exported one, and has the anchored head. */
async function checkComplete(subject: Subject, { runId }: Exported): Promise<Finding[]> {
  const where = subject.nameOf({ completeHistory: runId });
  try {
    const complete = await subject.completeHistory(runId);
    return complete === undefined ? [] : await compareComplete(subject, { runId, where, complete });
  } catch (error) {
    return [finding('history-extended', where, describeUnreadable(error))];
  }
}

async function compareComplete(
  subject: Subject,
  { runId, where, complete }: { runId: string; where: string; complete: WorkflowHistory },
): Promise<Finding[]> {
  const { events } = await subject.history(runId);
  const differs = events.findIndex(
    (event, at) => canonicalJson(event) !== canonicalJson(complete.events[at]),
  );
  if (differs >= 0) return [finding('history-extended', where, `event ${differs + 1} differs`)];
  const anchor = await readAnchor(subject.store, subject.experimentId);
  if (anchor === undefined || anchor === 'invalid' || anchor.runId !== runId) return [];
  const other = (await anchoredHeads(subject, complete)).find((head) => head !== anchor.head);
  return other === undefined ? [] : [finding('history-contradiction', where, `it anchors ${other}`)];
}

/** The run that anchored the head: the last run of the experiment's own workflow. */
export async function rootOf(subject: Subject): Promise<Exported | undefined> {
  const anchor = await readAnchor(subject.store, subject.experimentId);
  if (anchor === undefined || anchor === 'invalid') return undefined;
  return (await subject.exported()).find(({ runId }) => runId === anchor.runId);
}

/** Histories are those that the ledger records, and agree with it. */
export async function checkHistories(subject: Subject): Promise<CheckResult> {
  const exported = await subject.exported();
  if (exported.length === 0) return { skipped: 'the ledger records no history' };
  const files = (await Promise.all(exported.map((line) => checkFile(subject, line)))).flat();
  if (files.length > 0) return { checked: '', findings: files };
  const sealed = await subject.sealedBy();
  if (sealed !== undefined) return { skipped: sealed };
  const root = await rootOf(subject);
  const findings = [
    ...(await checkDefinition(subject, root)),
    ...(await Promise.all(exported.map((line) => checkOpenings(subject, line)))).flat(),
    ...(await checkAgreement(subject, exported)),
    ...(await Promise.all(exported.map((line) => checkComplete(subject, line)))).flat(),
  ];
  if (findings.length > 0) return { checked: '', findings };
  const ended = root !== undefined && (await subject.completeHistory(root.runId)) !== undefined;
  return { checked: `${exported.length} histories${ended ? ', complete' : ''}` };
}
