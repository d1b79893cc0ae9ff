import { ownField } from '../core/names';
import type { AuxiliarySpec } from '../schemas/auxiliary-tasks';
import type { CodeRole } from '../core/code';
import { nameOfAuxiliary } from '../contracts/auxiliary';
import type { ExperimentDefinition, ProblemData, SweepDefinition } from '../schemas/definition';
import type { Resolved } from '../contracts/resolved';
import { codeFor } from './code';
import type { HeldOutSource, PinnedEvaluation, TaskSource } from './sources';

/** A task with its data source. */
export interface ProblemSource extends HeldOutSource {
  /** Digests of its files in a stage's spec; empty in a definition, which has paths. */
  readonly fileDigests: Readonly<Record<string, string>>;
}

/** The items of one task in an evaluation: the trained task, or an auxiliary one. */
export interface QuestionSet extends ProblemSource {
  /** The problems that it takes its items from. */
  readonly split: 'validation' | 'test';
  /** Its field in the definition, for errors: "evaluation", "evaluation.auxiliary[0]". */
  readonly field: string;
  readonly items: number;
  readonly maxNewTokens: number;
  readonly judge?: string | undefined;
  readonly judgeDigest?: string | undefined;
}

interface Asking
  extends Pick<HeldOutSource, 'task' | 'data'>, Partial<Pick<TaskSource, 'fileDigests' | 'code'>> {
  readonly evaluation: PinnedEvaluation;
  readonly judgeDigest?: string;
  readonly split?: QuestionSet['split'];
  readonly only?: string;
}

/** Name of the trained task's question set; its files have no prefix. */
export const ownName = '';

/** Name of a set's file among a definition's external files. */
export function problemFileName({ name }: Pick<HeldOutSource, 'name'>, file: string): string {
  return name === ownName ? file : `evaluation.auxiliary.${name}.${file}`;
}

/** Generated auxiliary tasks need test items only; their pool is never used. */
function auxiliaryData(auxiliary: AuxiliarySpec): ProblemData {
  if ('data' in auxiliary) return { ...auxiliary.data, validation: 0, stripCalculationAnnotations: true };
  return { source: 'synthetic', seed: auxiliary.seed, pool: 1, validation: 1, test: auxiliary.items };
}

/** A source as in specs, with digests in place of paths. */
export function pinnedSource(source: HeldOutSource): ProblemSource {
  const { data } = source;
  return { ...source, fileDigests: data.source === 'files' ? { test: data.test } : {} };
}

/** The items of an auxiliary task with pinned files. */
export function auxiliarySet(
  auxiliary: NonNullable<PinnedEvaluation['auxiliary']>[number],
  at: number,
): QuestionSet {
  const { task, items, maxNewTokens, judge, judgeDigest } = auxiliary;
  const source = pinnedSource({
    name: nameOfAuxiliary(auxiliary),
    task,
    data: auxiliaryData(auxiliary),
    code: auxiliary.code,
  });
  const field = `evaluation.auxiliary[${at}]`;
  return { ...source, field, split: 'test', items, maxNewTokens, judge, judgeDigest };
}

/**
 * The question sets of an evaluation: the trained task first, then auxiliary tasks; or one auxiliary task alone. Files are
 * paths in a definition, and digests in a stage's spec.
 */
export function questionSets(asking: Asking): [QuestionSet, ...QuestionSet[]] {
  const { task, data, evaluation, fileDigests = {}, judgeDigest, code, split = 'test', only } = asking;
  const { items, maxNewTokens, judge, auxiliary = [] } = evaluation;
  const sets = auxiliary.map(auxiliarySet);
  const alone = sets.find(({ name }) => name === only);
  if (alone !== undefined) return [{ ...alone, items, maxNewTokens }];
  const own = { name: ownName, field: 'evaluation', task, data, fileDigests, code, split };
  return [{ ...own, items, maxNewTokens, judge, judgeDigest }, ...sets];
}

const sortByName = <B extends AuxiliarySpec>(all: readonly B[]): B[] =>
  [...all].sort((a, b) => (nameOfAuxiliary(a) < nameOfAuxiliary(b) ? -1 : 1));

type AnyResolved = Resolved<ExperimentDefinition | SweepDefinition>;

/** A definition's evaluation by content, with digests of files and judges. */
export function pinEvaluation(resolved: AnyResolved): PinnedEvaluation {
  const { definition, files, auxiliaryJudges } = resolved;
  const { auxiliary, items, maxNewTokens, judge } = definition.evaluation;
  const own = { items, maxNewTokens, judge };
  if (auxiliary === undefined) return own;
  return {
    ...own,
    // Tasks are evaluated independently, so their order does not matter.
    auxiliary: sortByName(auxiliary).map((one) => {
      const name = nameOfAuxiliary(one);
      const judge = ownField(auxiliaryJudges ?? {}, name);
      const test = files[problemFileName({ name }, 'test')]?.digest ?? '';
      return {
        ...one,
        ...('data' in one ? { data: { ...one.data, test } } : {}),
        judgeDigest: judge?.digest,
        ...codeFor(resolved, name),
      };
    }),
  };
}

const problemsOnly: readonly CodeRole[] = ['problems'];

/** The auxiliary tasks whose test items training rows overlapped, for the specs of data stages. */
export function heldOutSources(resolved: AnyResolved): readonly HeldOutSource[] | undefined {
  const { definition, heldOut = [] } = resolved;
  if (heldOut.length === 0) return undefined;
  const { task, data } = definition;
  const sets = questionSets({ task, data, evaluation: pinEvaluation(resolved) });
  return sets
    .filter(({ name }) => heldOut.includes(name))
    .map((set) => ({
      name: set.name,
      task: set.task,
      data: set.data,
      ...codeFor(resolved, set.name, problemsOnly),
    }));
}
