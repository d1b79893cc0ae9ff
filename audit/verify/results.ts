import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../../contracts/audit';
import { isMissing } from '../../store';
import { finding, type CheckResult, type Subject } from './subject';

const evaluation = z.looseObject({
  key: z.string(),
  digest: z.string(),
  score: z.number(),
  items: z.number(),
});
const record = z.looseObject({
  result: z.looseObject({
    base: evaluation,
    cells: z.array(z.looseObject({ cell: z.looseObject({ id: z.string() }), evaluation })),
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

/** The numbers that people read are the artifacts'. */
export async function checkResults(subject: Subject): Promise<CheckResult> {
  const path = join(subject.store.paths.report(subject.experimentId), 'result.json');
  const where = subject.nameOf(path);
  const data = await readResult(path);
  if (data === undefined) return { skipped: 'there is no result.json' };
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
  return { checked: `${named.length} scores in result.json`, findings };
}
