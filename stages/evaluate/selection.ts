import type { CodeRole } from '../../core/code';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import { type EvaluationSplit, splitOf } from '../../contracts/evaluation-split';
import type { AuxiliarySpec } from '../../schemas/auxiliary-tasks';
import { refuseCall } from '../calls';
import type { StageContext } from '../define';
import type { WrongField } from '../forms';
import { taskSource } from '../parts';
import { auxiliarySet, pinEvaluation } from '../question-sets';
import type { EvaluateSpec } from './spec';

const kind = 'evaluate';

/** The questions of one evaluation. */
export interface Selection {
  /**
   * Items of the trained task. Default: `evaluation.split`, with all auxiliary tasks; the other split has the trained task
   * alone.
   */
  readonly split?: EvaluationSplit;
  /** Name of an auxiliary task, which is evaluated alone. Default: the trained task and all auxiliary tasks. */
  readonly task?: string;
  /**
   * Number of items, from the front of their set. Default: `evaluation.items`, or all validation problems if these are
   * fewer; with `task`, the items of that task.
   */
  readonly items?: number;
  /** Longest answer, in tokens. Default: that of the definition. */
  readonly maxNewTokens?: number;
}

type Asked = Omit<EvaluateSpec, 'fewShot'>;

const refuse = (field: keyof Selection, reason: string) =>
  refuseCall(kind, [{ field, reason } satisfies WrongField]);

/** @param available number of items; undefined if only the files say */
function assertItems(items: number, available: number | undefined, of: string): void {
  if (available === undefined || items <= available) return;
  throw refuse('items', `${items}; there are ${available} ${of}`);
}

export const roles: readonly CodeRole[] = ['problems', 'grading', 'judge'];

/** Number of items to take from a split. */
function itemsOf({ resolved }: StageContext, split: EvaluationSplit, items: number | undefined): number {
  const { definition } = resolved;
  const { data, evaluation } = definition;
  if (split === 'test') {
    if (items !== undefined)
      assertItems(items, data.source === 'synthetic' ? data.test : undefined, 'test items (data.test)');
    return items ?? evaluation.items;
  }
  if (data.validation === 0) throw refuse('split', '"validation", but data.validation is 0');
  if (items !== undefined) assertItems(items, data.validation, 'validation problems (data.validation)');
  return items ?? Math.min(evaluation.items, data.validation);
}

/** The trained task's items of a split; of the definition's split with all auxiliary tasks. */
function trainedTask(context: StageContext, selection: Selection): Asked {
  const { resolved } = context;
  const own = splitOf(resolved.definition);
  const { split = own } = selection;
  const { auxiliary, ...pinned } = pinEvaluation(resolved);
  const items = itemsOf(context, split, selection.items);
  const { maxNewTokens = pinned.maxNewTokens } = selection;
  const others = split === own ? auxiliary : undefined;
  return {
    kind,
    ...taskSource(context, roles),
    evaluation: { ...pinned, items, maxNewTokens, auxiliary: others },
    split: split === 'validation' ? split : undefined,
    judgeDigest: resolved.judge?.digest,
  };
}

function auxiliaryNamed<One extends AuxiliarySpec>(all: readonly One[], name: string): One {
  const found = all.find((one) => nameOfAuxiliary(one) === name);
  if (found !== undefined) return found;
  const names = all.map(nameOfAuxiliary).join(', ');
  const known = names === '' ? 'evaluation.auxiliary is empty' : `evaluation.auxiliary has ${names}`;
  throw refuse('task', `"${name}"; ${known}`);
}

function auxiliaryAlone(context: StageContext, { task: only = '', ...selection }: Selection): Asked {
  const { auxiliary: all = [] } = pinEvaluation(context.resolved);
  const auxiliary = auxiliaryNamed(all, only);
  const { items = auxiliary.items, maxNewTokens = auxiliary.maxNewTokens } = selection;
  assertItems(
    items,
    'data' in auxiliary ? undefined : auxiliary.items,
    `items of ${only} (evaluation.auxiliary)`,
  );
  const evaluation = { items, maxNewTokens, auxiliary: [auxiliary] };
  const { task, data, fileDigests, code } = auxiliarySet(auxiliary, 0);
  return { kind, task, data, fileDigests, code, evaluation, only };
}

/** The part of a spec that says which questions are asked. */
export function select(context: StageContext, selection: Selection): Asked {
  const { split, task } = selection;
  if (task !== undefined && split !== undefined)
    throw refuse('split', `${JSON.stringify(split)}, but an auxiliary task has test items only`);
  return task === undefined ? trainedTask(context, selection) : auxiliaryAlone(context, selection);
}
