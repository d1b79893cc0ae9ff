import { createHash } from 'node:crypto';
import { definedAt, stackOfCaller } from '../core/code';
import { callFor } from '../core/failed-item';
import { BudgetlineError } from '../core/failures';
import type { AnnotatorIdentity } from '../contracts/provenance';
import type { AnnotationSession, Annotator, Judge, Problem } from '../contracts/task';
import { describeModel } from '../store';
import { batchAnnotator } from './batch';
import { digestOfTemplate } from './endpoint/identity';
import { Journal } from './journal';
import { judgeFields, judgeMessages, type JudgePrompt } from './judge-prompt';

interface CheckpointBasics {
  /** Name in definitions (`annotator` or `judge`). */
  readonly name: string;
  /** One sentence for reports. */
  readonly description: string;
  /** Folder in Hugging Face layout, or a GGUF file, on the hosts of the workers. */
  readonly model: string;
  /** Longest answer, in tokens. */
  readonly maxNewTokens: number;
}

/** A local checkpoint as an annotator. */
export interface CheckpointOptions extends CheckpointBasics {
  /** Prompt for a problem. Default: the problem's prompt. */
  readonly ask?: (problem: Problem) => string;
  /** Turns an answer into a completion. Default: the answer unchanged. */
  readonly render?: (answer: string) => string;
}

/** A local checkpoint as a judge. */
export interface CheckpointJudgeOptions extends CheckpointBasics, JudgePrompt {}

/** The default `ask` and `render` in identities. */
const [askText, renderText] = ['({ prompt }) => prompt', '(answer) => answer'];

/** Prompts per generation job; an interrupted stage loses at most one job. */
const jobPrompts = 512;

async function identityOf(
  { model, maxNewTokens }: CheckpointBasics,
  template: readonly unknown[],
): Promise<AnnotatorIdentity> {
  return {
    kind: 'checkpoint',
    model: (await describeModel(model)).digest,
    settings: { maxNewTokens },
    promptTemplateSha256: digestOfTemplate(template),
  };
}

/**
 * Greedy answers to prompts, in order. Answers in the journal are reused; empty ones are not kept, so they are generated
 * again.
 */
async function answerAll(
  { model, maxNewTokens }: CheckpointBasics,
  prompts: readonly string[],
  session: AnnotationSession,
): Promise<string[]> {
  const journal = await Journal.open(session.folder);
  const { digest } = await describeModel(model);
  const requestOf = (prompt: string): string =>
    createHash('sha256')
      .update(JSON.stringify([digest, maxNewTokens, prompt]))
      .digest('hex');
  const answerTo = (prompt: string): string | undefined => journal.answerTo(requestOf(prompt));
  const open = [...new Set(prompts)].filter((prompt) => answerTo(prompt) === undefined);
  for (let start = 0; start < open.length; start += jobPrompts) {
    const asked = open.slice(start, start + jobPrompts);
    const answers = await session.generate({ model, prompts: asked, maxNewTokens });
    const entries = asked.map((prompt, index) => ({
      request: requestOf(prompt),
      answer: answers[index] ?? '',
    }));
    await Promise.all(
      entries
        .filter(({ answer }) => answer.trim() !== '')
        .map((entry) => journal.add({ ...entry, inputTokens: 0, outputTokens: 0, usd: 0 })),
    );
    session.report(prompts.filter((prompt) => answerTo(prompt) !== undefined).length, prompts.length);
  }
  return prompts.map((prompt) => answerTo(prompt) ?? '');
}

/** @throws BudgetlineError ANNOTATOR_INVALID */
function assertAnswered(
  { name, maxNewTokens }: CheckpointBasics,
  problems: readonly Problem[],
  answers: readonly string[],
): void {
  const empty = problems.filter((_, index) => answers[index] === '');
  if (empty.length === 0) return;
  throw new BudgetlineError(
    'ANNOTATOR_INVALID',
    `${name} returned an empty answer to ${empty.length} of ${problems.length} problems, first to ${empty[0]?.id ?? ''}.`,
    {
      remedy: `Change the prompt ("ask"), raise maxNewTokens (${maxNewTokens}), or use another model; the other answers are kept.`,
      details: { problem: empty[0]?.id, count: empty.length },
    },
  );
}

/**
 * An annotator that is a local checkpoint. The training executable generates its answers greedily, so the stage needs a
 * device, as training does.
 */
export function checkpointAnnotator(options: CheckpointOptions): Annotator {
  const { ask = ({ prompt }: Problem): string => prompt, render = (answer: string): string => answer } =
    options;
  return batchAnnotator({
    name: options.name,
    description: options.description,
    code: { stack: stackOfCaller(), call: 'checkpointAnnotator', only: ['ask', 'render'] },
    identify: () => identityOf(options, [options.ask ?? askText, options.render ?? renderText]),
    async annotateBatch(problems, session) {
      const prompts = problems.map((problem) => callFor(problem.id, () => ask(problem)));
      const answers = await answerAll(options, prompts, session);
      assertAnswered(options, problems, answers);
      return answers.map((answer, at) => callFor(problems[at]!.id, () => render(answer)));
    },
  });
}

/** A judge that is a local checkpoint. Unparseable verdicts count as losses, and their fraction is reported. */
export function checkpointJudge(options: CheckpointJudgeOptions): Judge {
  const { templateOf, messagesFor } = judgeMessages(options);
  const judge: Judge = {
    name: options.name,
    description: options.description,
    identify: (use) => identityOf(options, templateOf(use)),
    compareBatch: (comparisons, session) =>
      answerAll(
        options,
        comparisons.map(messagesFor).map(({ system, user }) => `${system}\n\n${user}`),
        session,
      ),
  };
  return definedAt(judge, { stack: stackOfCaller(), call: 'checkpointJudge', only: judgeFields });
}
