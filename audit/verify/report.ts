import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../core/canonical-json';
import type { Finding } from '../../schemas/audit';
import { listFiles } from '../../store';
import { finding, type CheckResult, type RemadeReport, type Subject } from './subject';

/** The order of a JSON file's fields says nothing. */
function isSame(file: string, a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true;
  if (!file.endsWith('.json')) return false;
  const [first, second] = [a, b].map((bytes) => canonicalJson(JSON.parse(bytes.toString('utf8'))));
  return first === second;
}

async function compareFiles({ folder, remade }: RemadeReport, where: string): Promise<Finding[]> {
  const [found, expected] = await Promise.all([listFiles(folder), listFiles(remade)]);
  const report = (file: string, what: string): Finding =>
    finding('report-contradiction', `${where}/${file}`, what);
  const missing = expected
    .filter((file) => !found.includes(file))
    .map((file) => report(file, 'it is missing'));
  const more = found
    .filter((file) => !expected.includes(file))
    .map((file) => report(file, 'a report has no such file'));
  const changed: Finding[] = [];
  for (const file of expected.filter((name) => found.includes(name))) {
    const [ours, theirs] = await Promise.all([readFile(join(remade, file)), readFile(join(folder, file))]);
    if (!isSame(file, ours, theirs)) changed.push(report(file, 'made again, it has another content'));
  }
  return [...missing, ...more, ...changed];
}

const anchored = z.looseObject({
  result: z.looseObject({ anchor: z.looseObject({ lines: z.int() }).optional() }),
});

/** Why the report cannot be made again here; undefined if it can. */
async function whyNot(subject: Subject): Promise<string | undefined> {
  const sealed = await subject.sealedBy();
  if (sealed !== undefined) return sealed;
  const { installedCode } = subject.options;
  const codes = (await subject.exported()).map(({ codeDigest }) => codeDigest);
  if (codes.some((digest) => digest !== installedCode)) return 'other code than the installed one made it';
  const { data } = anchored.safeParse(JSON.parse(await readFile(subject.resultFile.path, 'utf8')));
  const { lines = 0 } = data?.result.anchor ?? {};
  return (await subject.experiment()).length > lines
    ? 'the run was started again after it was made'
    : undefined;
}

/** Pages, charts, scores.csv and the analysis in result.json are those that the artifacts give. */
export async function checkReport(subject: Subject): Promise<CheckResult> {
  if (!existsSync(subject.resultFile.path)) return { checked: 'no report: the run has none', findings: [] };
  const skipped = await whyNot(subject);
  if (skipped !== undefined) return { skipped };
  const made = await subject.options.remakeReport?.();
  if (made === undefined) return { skipped: 'it cannot be made here' };
  if ('skipped' in made) return made;
  try {
    const findings = await compareFiles(made, subject.reportName);
    return { checked: `${(await listFiles(made.remade)).length} files, made again`, findings };
  } finally {
    await made.close();
  }
}
