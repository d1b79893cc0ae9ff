import { ownField } from '../contracts/names';
import type { CodeRole } from '../contracts/code';
import { nameOfBeside } from '../contracts/beside';
import type { BesideSpec, ExperimentDefinition, ProblemData, SweepDefinition } from '../schemas/definition';
import type { Resolved } from '../contracts/resolved';
import type { HeldOutSource, PinnedEvaluation, SpecOf } from '../contracts/stage';
import { codeFor } from './code';

/** Where problems come from: a task, and what it is asked to read or generate. */
export interface ProblemSource extends HeldOutSource {
  /** What stands in a stage's spec in the place of its files; empty in a definition, which has paths. */
  readonly fileDigests: Readonly<Record<string, string>>;
}

/** What an evaluation puts to a model: problems of the task that is tuned for, or of an unrelated one beside it. */
export interface QuestionSet extends ProblemSource {
  /** Where a definition says of it, for errors: "evaluation", "evaluation.beside[0]". */
  readonly field: string;
  readonly items: number;
  readonly maxNewTokens: number;
  readonly judge?: string | undefined;
  readonly judgeDigest?: string | undefined;
}

type Asking = Pick<SpecOf<'evaluate'>, 'task' | 'data' | 'evaluation' | 'judgeDigest'> &
  Partial<Pick<SpecOf<'evaluate'>, 'fileDigests' | 'code'>>;

/** The task that is tuned for has no name of its own here, and its files are called as its data calls them. */
export const ownName = '';

/** Under which name a file stands among a definition's external files. */
export function problemFileName({ name }: Pick<HeldOutSource, 'name'>, file: string): string {
  return name === ownName ? file : `evaluation.beside.${name}.${file}`;
}

/** Of a twin the generator draws what is asked and no more: its pool is never bought. */
function besideData(beside: BesideSpec): ProblemData {
  if ('data' in beside) return { ...beside.data, validation: 0, stripCalculator: true };
  return { source: 'twin', seed: beside.seed, pool: 1, validation: 1, test: beside.items };
}

/** A source whose paths are digests, as specs have them. */
export function pinnedSource(source: HeldOutSource): ProblemSource {
  const { data } = source;
  return { ...source, fileDigests: data.source === 'files' ? { test: data.test } : {} };
}

function besideSet(beside: NonNullable<PinnedEvaluation['beside']>[number], at: number): QuestionSet {
  const { task, items, maxNewTokens, judge, judgeDigest } = beside;
  const code = beside.code === undefined ? {} : { code: beside.code };
  const source = pinnedSource({ name: nameOfBeside(beside), task, data: besideData(beside), ...code });
  return { ...source, field: `evaluation.beside[${at}]`, items, maxNewTokens, judge, judgeDigest };
}

/**
 * All that an evaluation asks: first the task that is tuned for, then those beside it, each with where its problems come
 * from. Of a definition files are paths, of a stage's spec digests.
 */
export function questionSets(asking: Asking): [QuestionSet, ...QuestionSet[]] {
  const { task, data, evaluation, fileDigests = {}, judgeDigest, code } = asking;
  const { items, maxNewTokens, judge, beside = [] } = evaluation;
  const known = code === undefined ? {} : { code };
  const own = { name: ownName, field: 'evaluation', task, data, fileDigests, ...known };
  return [{ ...own, items, maxNewTokens, judge, judgeDigest }, ...beside.map(besideSet)];
}

const sortByName = <B extends BesideSpec>(all: readonly B[]): B[] =>
  [...all].sort((a, b) => (nameOfBeside(a) < nameOfBeside(b) ? -1 : 1));

type AnyResolved = Resolved<ExperimentDefinition | SweepDefinition>;

/** A definition's evaluation by content: files are digests, and judges what they are. */
export function pinEvaluation(resolved: AnyResolved): PinnedEvaluation {
  const { definition, files, besideJudges } = resolved;
  const { beside, ...own } = definition.evaluation;
  if (beside === undefined) return own;
  return {
    ...own,
    // Each task is asked by itself: their order does not matter.
    beside: sortByName(beside).map((one) => {
      const name = nameOfBeside(one);
      const judge = ownField(besideJudges ?? {}, name);
      const test = files[problemFileName({ name }, 'test')]?.digest ?? '';
      return {
        ...one,
        ...('data' in one ? { data: { ...one.data, test } } : {}),
        ...(judge === undefined ? {} : { judgeDigest: judge.digest }),
        ...codeFor(resolved, name),
      };
    }),
  };
}

const problemsOnly: readonly CodeRole[] = ['problems'];

/** The tasks beside that rows to train on are held apart from, as specs of the stages that buy these have them. */
export function heldOutSources(resolved: AnyResolved): { heldOut?: readonly HeldOutSource[] } {
  const { definition, heldOut = [] } = resolved;
  if (heldOut.length === 0) return {};
  const { task, data } = definition;
  const sets = questionSets({ task, data, evaluation: pinEvaluation(resolved) });
  const wanted = sets.filter(({ name }) => heldOut.includes(name));
  return {
    heldOut: wanted.map(({ name, task: its, data: from }) => ({
      ...{ name, task: its, data: from },
      ...codeFor(resolved, name, problemsOnly),
    })),
  };
}
