import { ownField } from '../contracts/names';
import type { CodeRole } from '../contracts/code';
import { nameOfAuxiliary } from '../contracts/auxiliary';
import type {
  AuxiliarySpec,
  ExperimentDefinition,
  ProblemData,
  SweepDefinition,
} from '../schemas/definition';
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
  /** Where a definition says of it, for errors: "evaluation", "evaluation.auxiliary[0]". */
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
  return name === ownName ? file : `evaluation.auxiliary.${name}.${file}`;
}

/** Of a twin the generator draws what is asked and no more: its pool is never bought. */
function auxiliaryData(auxiliary: AuxiliarySpec): ProblemData {
  if ('data' in auxiliary) return { ...auxiliary.data, validation: 0, stripCalculationAnnotations: true };
  return { source: 'synthetic', seed: auxiliary.seed, pool: 1, validation: 1, test: auxiliary.items };
}

/** A source whose paths are digests, as specs have them. */
export function pinnedSource(source: HeldOutSource): ProblemSource {
  const { data } = source;
  return { ...source, fileDigests: data.source === 'files' ? { test: data.test } : {} };
}

function auxiliarySet(
  auxiliary: NonNullable<PinnedEvaluation['auxiliary']>[number],
  at: number,
): QuestionSet {
  const { task, items, maxNewTokens, judge, judgeDigest } = auxiliary;
  const code = auxiliary.code === undefined ? {} : { code: auxiliary.code };
  const source = pinnedSource({
    name: nameOfAuxiliary(auxiliary),
    task,
    data: auxiliaryData(auxiliary),
    ...code,
  });
  return { ...source, field: `evaluation.auxiliary[${at}]`, items, maxNewTokens, judge, judgeDigest };
}

/**
 * All that an evaluation asks: first the task that is tuned for, then those beside it, each with where its problems come
 * from. Of a definition files are paths, of a stage's spec digests.
 */
export function questionSets(asking: Asking): [QuestionSet, ...QuestionSet[]] {
  const { task, data, evaluation, fileDigests = {}, judgeDigest, code } = asking;
  const { items, maxNewTokens, judge, auxiliary = [] } = evaluation;
  const known = code === undefined ? {} : { code };
  const own = { name: ownName, field: 'evaluation', task, data, fileDigests, ...known };
  return [{ ...own, items, maxNewTokens, judge, judgeDigest }, ...auxiliary.map(auxiliarySet)];
}

const sortByName = <B extends AuxiliarySpec>(all: readonly B[]): B[] =>
  [...all].sort((a, b) => (nameOfAuxiliary(a) < nameOfAuxiliary(b) ? -1 : 1));

type AnyResolved = Resolved<ExperimentDefinition | SweepDefinition>;

/** A definition's evaluation by content: files are digests, and judges what they are. */
export function pinEvaluation(resolved: AnyResolved): PinnedEvaluation {
  const { definition, files, auxiliaryJudges } = resolved;
  const { auxiliary, ...own } = definition.evaluation;
  if (auxiliary === undefined) return own;
  return {
    ...own,
    // Each task is asked by itself: their order does not matter.
    auxiliary: sortByName(auxiliary).map((one) => {
      const name = nameOfAuxiliary(one);
      const judge = ownField(auxiliaryJudges ?? {}, name);
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
