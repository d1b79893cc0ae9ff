import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../../contracts/audit';
import { isMissing } from '../../store';
import { keptPages } from '../run-files';
import { finding, type CheckResult, type Subject } from './subject';

const evaluation = z.looseObject({
  key: z.string(),
  digest: z.string(),
  score: z.number(),
  items: z.number(),
});
const cells = z.array(z.looseObject({ cell: z.looseObject({ id: z.string() }), evaluation }));
const page = z.looseObject({ cells });
const record = z.looseObject({
  result: z.looseObject({
    base: evaluation,
    cells,
    controls: z.array(z.looseObject({ of: z.string(), evaluation })),
  }),
});

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
  [name, { key, digest, score, items }]: readonly [string, z.infer<typeof evaluation>],
): Promise<Finding[]> {
  const manifest = (await subject.artifact(key))?.manifest;
  const metrics: Readonly<Record<string, number>> = manifest?.metrics ?? {};
  const same = manifest?.digest === digest && metrics['score'] === score && metrics['items'] === items;
  if (same) return [];
  const what = `${name} has ${score} on ${items} items; the artifact says ${metrics['score'] ?? 'nothing'}`;
  return [finding('result-contradiction', where, what)];
}

async function readPage(path: string, digest: string): Promise<unknown> {
  const bytes = await readFile(path);
  return createHash('sha256').update(bytes).digest('hex') === digest
    ? JSON.parse(bytes.toString())
    : undefined;
}

/** A page of a long sweep: its text is the one that its digest names, and its scores are the artifacts'. */
async function checkPage(subject: Subject, digest: string): Promise<Finding[]> {
  const path = subject.store.paths.document(digest);
  const where = subject.nameOf(path);
  try {
    const parsed = page.safeParse(await readPage(path, digest));
    if (!parsed.success) return [finding('document-changed', where, 'its SHA-256 is another')];
    const checks = parsed.data.cells.map(({ cell, evaluation: own }) =>
      checkEvaluation(subject, where, [cell.id, own]),
    );
    return (await Promise.all(checks)).flat();
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [finding('document-missing', where, 'there is no such file')];
  }
}

async function checkPages(subject: Subject): Promise<{ count: number; findings: Finding[] }> {
  const runs = await subject.exported();
  const histories = await Promise.all(
    runs.map(async ({ runId }) => (await subject.completeHistory(runId)) ?? subject.history(runId)),
  );
  const digests = keptPages(histories);
  const found = await Promise.all(digests.map((digest) => checkPage(subject, digest)));
  return { count: digests.length, findings: found.flat() };
}

/** Sweeps alone write down their numbers; those of a single experiment stand in its history. */
async function isOneCell(subject: Subject): Promise<boolean> {
  const [opening] = await subject.experiment();
  const definition: unknown = opening?.type === 'experiment-opened' ? opening.definition : null;
  return typeof definition === 'object' && definition !== null && 'budget' in definition;
}

/** Why there are no numbers: a run that was cancelled never has any. */
async function toldMissing(subject: Subject): Promise<string> {
  const steered = (await subject.experiment()).filter((line) => line.type === 'run-steered');
  const { experimentId } = subject;
  const cancel = steered.findLast(
    ({ command, workflowId }) => command.action === 'cancel' && workflowId === experimentId,
  );
  if (cancel === undefined) return 'there is no result.json';
  return `there is no result.json: ${cancel.actor} cancelled the run at ${cancel.time}`;
}

/** The numbers that people read are the artifacts'. */
export async function checkResults(subject: Subject): Promise<CheckResult> {
  const { count: pages, findings: ofPages } = await checkPages(subject);
  if (ofPages.length > 0) return { checked: '', findings: ofPages };
  const path = join(subject.store.paths.report(subject.experimentId), 'result.json');
  const where = subject.nameOf(path);
  const data = await readResult(path);
  if (data === undefined && (await isOneCell(subject)))
    return { checked: 'no result.json, as of every single experiment', findings: [] };
  if (data === undefined) return { skipped: await toldMissing(subject) };
  const parsed = record.safeParse(data);
  if (!parsed.success)
    return { checked: '', findings: [finding('result-contradiction', where, 'it is no result')] };
  const { base, cells, controls } = parsed.data.result;
  const named = [
    ['the base model', base] as const,
    ...cells.map(({ cell, evaluation: own }) => [cell.id, own] as const),
    ...controls.map(({ of, evaluation: own }) => [`the control of ${of}`, own] as const),
  ];
  const findings = (await Promise.all(named.map((entry) => checkEvaluation(subject, where, entry)))).flat();
  const withPages = pages === 0 ? '' : `, and ${pages} pages of cells`;
  return { checked: `${named.length} scores in result.json${withPages}`, findings };
}
