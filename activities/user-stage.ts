import { assess } from './task-calls';
import { join } from 'node:path';
import { loadPinnedMember } from '../code/members';
import type { StageProgress } from '../contracts/activities';
import type { Assessment, Finish, Problem, ProblemSet } from '../contracts/task';
import { pairPromptRows } from '../planning';
import { generationRow, type GenerationRow } from '../schemas/rows';
import type { Decoding, TrainerJob } from '../schemas/trainer-job';
import { keepCheckpoints, type TaskSource } from '../stages';
import type { OpenInput } from './inputs';
import { readJsonLines, writeJsonLines } from './json-lines';
import { generateAnswers, policyOf } from './policy';
import type { JobBase, StageOutput, StageSession } from './session';
import { assertGrading, pick } from './task-data';
import { activityFailure, checkOutput, partOf } from './user-output';

type JobOf<J> = J extends unknown ? Omit<J, keyof JobBase> : never;

/** A job for the training executable, without the folders and the plan that the session adds. */
export type UserJob = JobOf<TrainerJob>;

/** A task as a stage of yours sees it. */
export interface UserTask {
  readonly problems: ProblemSet;
  /** The pool in the order in which pairs take its problems: from the end of the seed's permutation. */
  readonly samplingOrder: (poolSeed: number) => Problem[];
  /** The task's verifier. Every call counts, at the definition's price. */
  readonly score: (problem: Problem, completion: string, finish: Finish) => Assessment;
}

/** What to generate. */
export interface GenerateRequest {
  readonly model: OpenInput;
  /** Trained on top of `model`. Default: none. */
  readonly adapter?: OpenInput;
  readonly prompts: readonly { readonly id: string; readonly prompt: string }[];
  readonly samples: number;
  readonly decoding: Decoding;
  readonly maxNewTokens: number;
  readonly seed: number;
}

/** One attempt at a stage of yours. A later attempt starts again; jobs of the training executable resume. */
export interface UserStageSession {
  /** Opens an input by its name. Its bytes are compared with what the stage before it published. */
  open(name: string): Promise<OpenInput>;
  /** An empty folder, for the payload or for files of the work. The activity returns one of them. */
  freshDir(name: string): Promise<string>;
  /** Task, problems and verifier. The spec has the fields of `taskSource`. */
  loadTask(): Promise<UserTask>;
  /** Generates answers. The store keeps them by model and request. `part`: a folder name for each call. */
  generate(part: string, request: GenerateRequest): Promise<GenerationRow[]>;
  /** Runs a job in a process of its own; returns the folder of its outputs and its metrics. */
  runTrainer(part: string, job: UserJob): Promise<StageOutput>;
  /** Fields of a training job: how often it writes checkpoints, and how many it keeps. */
  readonly checkpointing: { readonly checkpointEverySteps: number; readonly keepCheckpoints: number };
  /** Writes rows as JSON Lines. */
  writeRows(path: string, rows: readonly unknown[]): Promise<void>;
  /** Reports progress, for the next heartbeat. */
  report(progress: Partial<Pick<StageProgress, 'phase' | 'step' | 'steps'>>): void;
  /** Aborted when the run is cancelled or the worker stops. */
  readonly stop: AbortSignal;
  /** Throws if the stage should stop. Call it in long loops. */
  throwIfStopped(): void;
}

/** The work of a stage kind of yours: writes the payload of its artifact into a folder. */
export type UserStageActivity<Spec> = (session: UserStageSession, spec: Spec) => Promise<StageOutput>;

async function loadTask(session: StageSession): Promise<UserTask> {
  const { task, problems } = await session.loadTask();
  await assertGrading(task, (session.stage.spec as Partial<TaskSource>).code);
  return {
    problems,
    samplingOrder: (seed) => pick(problems.pool, pairPromptRows(problems.pool.length, seed)),
    score(problem, completion, finish) {
      session.usage.verifierCalls += 1;
      return assess(task, { problem, completion, finish });
    },
  };
}

async function generate(
  session: StageSession,
  part: string,
  { model, adapter, prompts, ...asked }: GenerateRequest,
): Promise<GenerationRow[]> {
  const path = join(await session.freshDir(`${part}-prompts`), 'prompts.jsonl');
  await writeJsonLines(
    path,
    prompts.map(({ id, prompt }) => ({ id, prompt })),
  );
  const policy = policyOf(model, adapter ?? null);
  const stored = await generateAnswers(session, { ...asked, policy, prompts: path, part });
  return readJsonLines(stored.path, generationRow);
}

function createSession(session: StageSession): UserStageSession {
  return {
    open: (name) => session.inputs.open(name),
    freshDir: async (name) => session.freshDir(partOf(session, name)),
    loadTask: () => loadTask(session),
    generate: async (part, request) => generate(session, partOf(session, part), request),
    async runTrainer(part, job) {
      const base = session.jobBase(partOf(session, part));
      const { result } = await session.runTrainer({ ...job, ...base });
      return { dir: base.outputDir, metrics: result.metrics };
    },
    checkpointing: { checkpointEverySteps: session.execution.checkpointEverySteps, keepCheckpoints },
    writeRows: writeJsonLines,
    report: (progress) => session.report(progress),
    stop: session.stop,
    throwIfStopped: () => session.throwIfStopped(),
  };
}

/** Runs the activity of a user's kind, with the code that the run was planned with. */
export async function makeUserStage(session: StageSession): Promise<StageOutput> {
  const { spec, activity } = session.stage;
  const work = (await loadPinnedMember(activity!)) as UserStageActivity<unknown>;
  let output;
  try {
    output = await work(createSession(session), spec);
  } catch (error) {
    throw activityFailure(session, error);
  }
  return checkOutput(session, output);
}
