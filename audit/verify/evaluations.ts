import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../../schemas/audit';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { StageKey } from '../../contracts/stage';
import { normalizeText } from '../../text/normalize';
import { contaminationNgrams, withoutFrameOf } from '../../text/overlap';
import { finding, type CheckResult, type Subject, type SubjectArtifact } from './subject';

const row = z.looseObject({ id: z.string(), prompt: z.string() });
const item = row.extend({ score: z.number() });
const summary = z.looseObject({ score: z.number(), items: z.number() });

async function readRows<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => schema.parse(JSON.parse(line)));
}

const tolerance = 1e-12;

/** An evaluation's results on one task: the one that is tuned for, or an auxiliary one. */
interface Part {
  readonly dir: string;
  /** The score in the manifest. */
  readonly said: number | undefined;
  /** Of templates that share long runs of words with rows to train on, by design. */
  readonly templated: boolean;
  readonly isOwn: boolean;
}

const source = z.looseObject({ source: z.string() });
const evaluationSpec = z.looseObject({
  data: source,
  evaluation: z
    .looseObject({
      auxiliary: z
        .array(z.looseObject({ task: z.string(), name: z.string().optional(), data: source.optional() }))
        .default([]),
    })
    .default({ auxiliary: [] }),
});

function partsOf({ dir, manifest }: SubjectArtifact): Part[] {
  const { data, evaluation } = evaluationSpec.parse(manifest.spec);
  const templated = data.source === 'synthetic';
  const auxiliary = evaluation.auxiliary.map((one) => {
    const name = nameOfAuxiliary(one);
    const said = manifest.auxiliary?.find((found) => found.name === name)?.metrics['score'];
    return {
      dir: join(dir, 'auxiliary', name),
      said,
      templated: templated || one.data === undefined,
      isOwn: false,
    };
  });
  return [{ dir, said: manifest.metrics['score'], templated, isOwn: true }, ...auxiliary];
}

/** The score in the summary, in the manifest and of the items is one number. */
async function checkScore(subject: Subject, { dir, said: inManifest = NaN }: Part): Promise<Finding[]> {
  const items = await readRows(join(dir, 'items.jsonl'), item);
  const said = summary.parse(JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8')));
  const mean = items.reduce((sum, { score }) => sum + score, 0) / items.length;
  const scores = [said.score, inManifest];
  const same = scores.every((score) => Math.abs(score - mean) <= tolerance) && said.items === items.length;
  if (same) return [];
  const what = `its ${items.length} items have a mean of ${mean}; the summary says ${scores[0]} over ${said.items}, the manifest ${scores[1]}`;
  return [finding('evaluation-score', `${subject.nameOf(dir)}/summary.json`, what)];
}

/** All that an artifact was made from. */
async function ancestors(
  subject: Subject,
  key: StageKey,
  seen = new Set<StageKey>(),
): Promise<SubjectArtifact[]> {
  const artifact = await subject.artifact(key);
  if (artifact === undefined || seen.has(key)) return [];
  seen.add(key);
  const inputs = Object.values(artifact.manifest.inputs);
  const above = await Promise.all(inputs.map((input) => ancestors(subject, input, seen)));
  return [artifact, ...above.flat()];
}

interface TrainingText {
  readonly where: string;
  readonly id: string;
  readonly text: string;
}

async function trainingTexts(
  subject: Subject,
  artifacts: readonly SubjectArtifact[],
): Promise<TrainingText[]> {
  const files = artifacts.flatMap(({ dir, manifest: { kind, files: listed } }) =>
    kind === 'synthesizeData'
      ? listed.filter(({ path }) => path.endsWith('.jsonl')).map(({ path }) => join(dir, path))
      : [],
  );
  const texts = files.map(async (path) =>
    (await readRows(path, row)).map(({ id, prompt }, index) => {
      return { where: `${subject.nameOf(path)}:${index + 1}`, id, text: normalizeText(prompt) };
    }),
  );
  return (await Promise.all(texts)).flat();
}

/** Where runs of words of a training text stand, the words that a task puts around all problems left out. */
function findRun(training: readonly TrainingText[], prompts: readonly string[]) {
  const ofTraining = withoutFrameOf([...training.map(({ text }) => text), ...prompts]);
  // Demonstrations may stand before each prompt, and before no training text.
  const ofPrompt = withoutFrameOf(prompts);
  const runs = new Map(
    training.flatMap(({ text, where }) => contaminationNgrams(ofTraining(text)).map((run) => [run, where] as const)),
  );
  return (prompt: string): string | undefined => {
    const run = contaminationNgrams(ofPrompt(prompt)).find((words) => runs.has(words));
    return run === undefined ? undefined : runs.get(run);
  };
}

/**
 * Where each item stands among the training texts: by its whole text, where no template is shared by a run of its words,
 * and of the task that is trained on by its id.
 */
function findLeaks(
  items: readonly z.infer<typeof row>[],
  training: readonly TrainingText[],
  { templated, isOwn }: Part,
): (string | undefined)[] {
  const ids = new Map(isOwn ? training.map(({ id, where }) => [id, where]) : []);
  const texts = new Map(training.map(({ text, where }) => [text, where]));
  const prompts = items.map(({ prompt }) => normalizeText(prompt));
  const runOf = templated ? () => undefined : findRun(training, prompts);
  return items.map(({ id }, index) => {
    const prompt = prompts[index] ?? '';
    return ids.get(id) ?? texts.get(prompt) ?? runOf(prompt);
  });
}

async function checkLeak(
  subject: Subject,
  part: Part,
  training: readonly TrainingText[],
): Promise<Finding[]> {
  const { dir } = part;
  const items = await readRows(join(dir, 'items.jsonl'), row);
  return findLeaks(items, training, part).flatMap((leak, index) => {
    if (leak === undefined) return [];
    return [
      finding('evaluation-leak', `${subject.nameOf(dir)}/items.jsonl:${index + 1}`, `it is also at ${leak}`),
    ];
  });
}

/** Rows that cannot be read are no evidence for a score, whatever their digest. */
async function checkEvaluation(subject: Subject, evaluation: SubjectArtifact): Promise<Finding[]> {
  try {
    const training = await trainingTexts(subject, await ancestors(subject, evaluation.manifest.key));
    const found = partsOf(evaluation).map(async (part) => [
      ...(await checkScore(subject, part)),
      ...(await checkLeak(subject, part, training)),
    ]);
    return (await Promise.all(found)).flat();
  } catch (error) {
    if (!(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
    return [
      finding(
        'evaluation-score',
        subject.nameOf(evaluation.dir),
        'its rows, or those behind it, cannot be read',
      ),
    ];
  }
}

/** Scores are their items' means, and no item was trained on. */
export async function checkEvaluations(subject: Subject): Promise<CheckResult> {
  const evaluations = (await subject.artifacts()).filter(({ manifest }) => manifest.kind === 'evaluate');
  const found = evaluations.map((evaluation) => checkEvaluation(subject, evaluation));
  return { checked: `${evaluations.length} evaluations`, findings: (await Promise.all(found)).flat() };
}
