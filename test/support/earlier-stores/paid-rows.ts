/** Rows and verdicts that cost money. A version's script records them in a store, and later versions read that store. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkpointAnnotator,
  endpointAnnotator,
  endpointJudge,
  peopleAnnotator,
  peopleJudge,
  withAnnotators,
} from '../../../annotators';
import type { EndpointJudgeOptions } from '../../../annotators/endpoint/settings';
import { definedAt } from '../../../core/code';
import { digestOf } from '../../../core/digest';
import type { PlannedStage } from '../../../contracts/stage';
import type { AnnotationSession, Annotator, Comparison, Judge } from '../../../contracts/task';
import { planStage, stageKinds } from '../../../stages';
import { createFolderStore } from '../../../store';
import { coinTask } from '../coin-task';
import { openSession } from '../labelled-items';
import { createBench, identified, resolveSmall, type StageBench } from '../stage-bench';

/** The endpoint's address is in the identity of its answers, so its port is always the same. */
export const endpointPort = 20_417;

const keyVariable = 'BUDGETLINE_TEST_EARLIER_KEY';
process.env[keyVariable] = 'sk-earlier';

/** Settings of the endpoint that a test changes. */
export type Asked = Partial<EndpointJudgeOptions>;

const settings = (name: string, change: Asked) => ({
  name,
  description: 'A model.',
  baseUrl: `http://127.0.0.1:${endpointPort}/v1`,
  model: 'judge-1',
  apiKeyVariable: keyVariable,
  prices: { inputUsdPerMillion: 10, outputUsdPerMillion: 100 },
  spendLimitUsd: 10,
  requestsPerMinute: 6_000_000,
  firstWaitMs: 1,
  ...change,
});

/** Folders of a store, of the people's files and of a local model. */
export interface Place {
  readonly home: string;
  readonly people: string;
}

export const annotatorNames = ['model', 'staff', 'counter'] as const;
type AnnotatorName = (typeof annotatorNames)[number];
const rows = 3;

/** The code that calls is no part of an answer. */
const withoutCode = <T extends Annotator | Judge>(made: T): T => definedAt(made, undefined);

function annotatorsOf({ people }: Place, change: Asked): Readonly<Record<'model' | 'staff', Annotator>> {
  return {
    model: withoutCode(endpointAnnotator(settings('model', change) as never)),
    staff: peopleAnnotator({ name: 'staff', description: 'People.', folder: people }),
  };
}

export interface PaidStages {
  readonly bench: StageBench;
  readonly stages: Readonly<Record<AnnotatorName, PlannedStage>>;
}

/** Demonstrations of a model behind an endpoint, of people, and of a program at list price. */
export async function paidStages(place: Place, change: Asked = {}): Promise<PaidStages> {
  const own = annotatorsOf(place, change);
  const task = withAnnotators(coinTask, own.model, own.staff);
  const resolved = await resolveSmall(join(__dirname, '../../../models/tiny-math'), {
    data: { source: 'synthetic', pool: 8, validation: 1, test: 1 },
  });
  const planned = async (name: AnnotatorName): Promise<PlannedStage> => {
    const annotator = name === 'counter' ? undefined : await identified(own[name]);
    const definition = { ...resolved.definition, annotator: name };
    return planStage(
      stageKinds.synthesizeData,
      { resolved: { ...resolved, definition, annotator }, seed: 0 },
      { rows },
    );
  };
  return {
    bench: createBench(place.home, { deps: { tasks: [task] } }),
    stages: {
      model: await planned('model'),
      staff: await planned('staff'),
      counter: await planned('counter'),
    },
  };
}

const comparison = (item: number, at: number, label?: number): Comparison => {
  const answers = [`Answer ${item} in full.`, `Answer ${item}, short.`] as const;
  const [first, second] = at === 0 ? answers : ([answers[1], answers[0]] as const);
  return { prompt: `Question ${item}?`, first, second, label };
};

/** Verdicts of two items in both orders, and two labels of each. */
const comparisons = [0, 1].flatMap((item) => [
  ...[0, 1].map((at) => comparison(item, at)),
  ...[0, 1].map((label) => comparison(item, label, label)),
]);

/** A session in the folder of an annotator's name, as a stage opens it. */
async function sessionOf({ home }: Place, name: string, generate: AnnotationSession['generate']) {
  const { dir } = await createFolderStore(home).annotations(digestOf({ annotations: name }));
  // Each version has stages of its own; answers of the same stage that no ledger has would be on its bill.
  return openSession(dir, { generate, stage: home });
}

/** The US dollars of the calls that a session reported. */
const usdOf = ({ spent }: ReturnType<typeof openSession>): number =>
  spent.reduce((sum, { usd }) => sum + usd, 0);

const none: AnnotationSession['generate'] = () => Promise.reject(new Error('generates again'));

/** Verdicts and labels of a model behind an endpoint, and what they cost now. */
export async function judgedByModel(place: Place, change: Asked = {}) {
  // With a temperature each label is an answer of its own.
  const judge = endpointJudge(settings('judge', { temperature: 0.5, ...change }));
  const opened = await sessionOf(place, judge.name, none);
  return { verdicts: await judge.compareBatch(comparisons, opened.session), usd: usdOf(opened) };
}

/** Verdicts and labels of people. ANNOTATION_PENDING while answers are missing. */
export async function judgedByPeople(place: Place): Promise<readonly string[]> {
  const judge = peopleJudge({ name: 'staff', description: 'People.', folder: place.people });
  return judge.compareBatch(comparisons, (await sessionOf(place, 'staff', none)).session);
}

/** Answers of a local model. */
export async function answeredLocally(
  place: Place,
  generate: AnnotationSession['generate'] = none,
): Promise<readonly (string | null)[]> {
  const model = join(place.people, 'model');
  await mkdir(model, { recursive: true });
  await writeFile(join(model, 'config.json'), '{}\n');
  await writeFile(join(model, 'model.safetensors'), 'weights\n');
  const local = checkpointAnnotator({ name: 'local', description: 'A checkpoint.', model, maxNewTokens: 8 });
  const problems = [0, 1].map((item) => ({ id: `p${item}`, prompt: `Question ${item}?`, target: '' }));
  return local.annotateBatch!(problems, (await sessionOf(place, 'local', generate)).session);
}
