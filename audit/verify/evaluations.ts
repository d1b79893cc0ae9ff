import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from '../../schemas/audit';
import { parseRows } from '../../schemas/json-lines';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { StageKey } from '../../contracts/stage';
import { normalizeText } from '../../text/normalize';
import { contaminationNgrams, withoutFrameOf } from '../../text/overlap';
import { finding, type CheckResult, type Subject, type SubjectArtifact } from './subject';

const row = z.looseObject({ id: z.string(), prompt: z.string() });
const item = row.extend({ score: z.number() });
const summary = z.looseObject({ score: z.number(), items: z.number() });

const readRows = async <T>(path: string, schema: z.ZodType<T>): Promise<T[]> =>
  parseRows({ path, text: await readFile(path, 'utf8'), code: 'ARTIFACT_CORRUPT' }, schema);

const tolerance = 1e-12;

/** One task of an evaluation: the main task or an auxiliary task. */
interface EvaluatedTask {
  readonly dir: string;
  /** Name of the folder in findings. */
  readonly name: string;
  /** The score in the manifest. */
  readonly recordedScore: number | undefined;
  /** Whether items share templates, and so long runs of words, with training rows by design. */
  readonly templated: boolean;
  readonly isMainTask: boolean;
}

const source = z.looseObject({ source: z.string() });
const evaluationSpec = z.looseObject({
  data: source,
  /** The auxiliary task that is evaluated alone. */
  only: z.string().optional(),
  evaluation: z
    .looseObject({
      auxiliary: z
        .array(z.looseObject({ task: z.string(), name: z.string().optional(), data: source.optional() }))
        .default([]),
    })
    .default({ auxiliary: [] }),
});

function evaluatedTasks(subject: Subject, { dir, manifest }: SubjectArtifact): EvaluatedTask[] {
  const folder = subject.nameOf({ artifact: manifest });
  const { data, only, evaluation } = evaluationSpec.parse(manifest.spec);
  const templated = data.source === 'synthetic';
  const auxiliary = evaluation.auxiliary.map((one) => {
    const name = nameOfAuxiliary(one);
    const found = only === name ? manifest : manifest.auxiliary?.find((each) => each.name === name);
    const recordedScore = found?.metrics['score'];
    return {
      dir: join(dir, 'auxiliary', name),
      name: `${folder}/auxiliary/${name}`,
      recordedScore,
      templated: templated || one.data === undefined,
      isMainTask: false,
    };
  });
  if (only !== undefined) return auxiliary;
  const recordedScore = manifest.metrics['score'];
  return [{ dir, name: folder, recordedScore, templated, isMainTask: true }, ...auxiliary];
}

/** The score is the same in the summary and the manifest, and is the mean of the items. */
async function checkScore({ dir, name, recordedScore: inManifest = NaN }: EvaluatedTask): Promise<Finding[]> {
  const items = await readRows(join(dir, 'items.jsonl'), item);
  const written = summary.parse(JSON.parse(await readFile(join(dir, 'summary.json'), 'utf8')));
  const mean = items.reduce((sum, { score }) => sum + score, 0) / items.length;
  const scores = [written.score, inManifest];
  const same = scores.every((score) => Math.abs(score - mean) <= tolerance) && written.items === items.length;
  if (same) return [];
  const what = `its ${items.length} items have a mean of ${mean}; the summary says ${scores[0]} over ${written.items}, the manifest ${scores[1]}`;
  return [finding('evaluation-score', `${name}/summary.json`, what)];
}

/** An artifact and, recursively, its inputs. */
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
  const files = artifacts.flatMap(({ dir, manifest }) =>
    manifest.makes === 'rows'
      ? manifest.files
          .filter(({ path }) => path.endsWith('.jsonl'))
          .map(({ path }) => ({
            path: join(dir, path),
            name: `${subject.nameOf({ artifact: manifest })}/${path}`,
          }))
      : [],
  );
  const texts = files.map(async ({ path, name }) =>
    (await readRows(path, row)).map(({ id, prompt }, index) => {
      return { where: `${name}:${index + 1}`, id, text: normalizeText(prompt) };
    }),
  );
  return (await Promise.all(texts)).flat();
}

/** Finds the training text that shares a long run of words with a prompt. Words that a task puts around every problem are ignored. */
function findRun(training: readonly TrainingText[], prompts: readonly string[]) {
  const ofTraining = withoutFrameOf([...training.map(({ text }) => text), ...prompts]);
  // Few-shot demonstrations may precede each prompt, but no training text.
  const ofPrompt = withoutFrameOf(prompts);
  const runs = new Map(
    training.flatMap(({ text, where }) =>
      contaminationNgrams(ofTraining(text)).map((run) => [run, where] as const),
    ),
  );
  return (prompt: string): string | undefined => {
    const run = contaminationNgrams(ofPrompt(prompt)).find((words) => runs.has(words));
    return run === undefined ? undefined : runs.get(run);
  };
}

/**
 * The place of each item among the training texts, if it is there: by its whole text; by a run of its words unless
 * templates are shared; for the main task also by its id.
 */
function findLeaks(
  items: readonly z.infer<typeof row>[],
  training: readonly TrainingText[],
  { templated, isMainTask }: EvaluatedTask,
): (string | undefined)[] {
  const ids = new Map(isMainTask ? training.map(({ id, where }) => [id, where]) : []);
  const texts = new Map(training.map(({ text, where }) => [text, where]));
  const prompts = items.map(({ prompt }) => normalizeText(prompt));
  const runOf = templated ? () => undefined : findRun(training, prompts);
  return items.map(({ id }, index) => {
    const prompt = prompts[index] ?? '';
    return ids.get(id) ?? texts.get(prompt) ?? runOf(prompt);
  });
}

async function checkLeak(task: EvaluatedTask, training: readonly TrainingText[]): Promise<Finding[]> {
  const items = await readRows(join(task.dir, 'items.jsonl'), row);
  return findLeaks(items, training, task).flatMap((leak, index) => {
    if (leak === undefined) return [];
    return [finding('evaluation-leak', `${task.name}/items.jsonl:${index + 1}`, `it is also at ${leak}`)];
  });
}

/** Rows that cannot be read cannot support a score, even with the right digest. */
async function checkEvaluation(subject: Subject, evaluation: SubjectArtifact): Promise<Finding[]> {
  try {
    const training = await trainingTexts(subject, await ancestors(subject, evaluation.manifest.key));
    const found = evaluatedTasks(subject, evaluation).map(async (task) => [
      ...(await checkScore(task)),
      ...(await checkLeak(task, training)),
    ]);
    return (await Promise.all(found)).flat();
  } catch (error) {
    if (!(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
    return [
      finding(
        'evaluation-score',
        subject.nameOf({ artifact: evaluation.manifest }),
        'its items or its training rows cannot be read',
      ),
    ];
  }
}

/** Every score is the mean of its items, and no item was trained on. */
export async function checkEvaluations(subject: Subject): Promise<CheckResult> {
  const evaluations = (await subject.artifacts()).filter(({ manifest }) => manifest.makes === 'scores');
  const found = evaluations.map((evaluation) => checkEvaluation(subject, evaluation));
  return { checked: `${evaluations.length} evaluations`, findings: (await Promise.all(found)).flat() };
}
