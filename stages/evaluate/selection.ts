import type { CodeRole } from '../../core/code';
import { nameOfAuxiliary } from '../../contracts/auxiliary';
import type { AuxiliarySpec } from '../../schemas/auxiliary-tasks';
import type { TaskData } from '../../schemas/definition';
import { refuseCall } from '../calls';
import type { StageContext } from '../define';
import type { WrongField } from '../forms';
import { taskSource } from '../parts';
import { auxiliarySet, pinEvaluation } from '../question-sets';
import type { EvaluateSpec } from './spec';

const kind = 'evaluate';

/** The questions of one evaluation. */
export interface Selection {
  /** 'validation': the validation problems of the trained task alone. Default: 'test', with all auxiliary tasks. */
  readonly split?: 'validation' | 'test';
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

const testItemsOf = (data: TaskData): number | undefined =>
  data.source === 'synthetic' ? data.test : undefined;

export const roles: readonly CodeRole[] = ['problems', 'grading', 'judge'];

/** The trained task's test items, and all auxiliary tasks. */
function wholeTest(context: StageContext, { items, maxNewTokens }: Selection): Asked {
  const { data } = context.resolved.definition;
  const pinned = pinEvaluation(context.resolved);
  if (items !== undefined) assertItems(items, testItemsOf(data), 'test items (data.test)');
  const evaluation = {
    ...pinned,
    items: items ?? pinned.items,
    maxNewTokens: maxNewTokens ?? pinned.maxNewTokens,
  };
  const judgeDigest = context.resolved.judge?.digest;
  return { kind, ...taskSource(context, roles), evaluation, judgeDigest };
}

function validation(context: StageContext, selection: Selection): Asked {
  const { data, evaluation } = context.resolved.definition;
  if (data.validation === 0) throw refuse('split', '"validation", but data.validation is 0');
  const { items = Math.min(evaluation.items, data.validation), maxNewTokens } = selection;
  assertItems(items, data.validation, 'validation problems (data.validation)');
  const { evaluation: whole, ...asked } = wholeTest(context, { maxNewTokens });
  return { ...asked, evaluation: { ...whole, items, auxiliary: undefined }, split: 'validation' };
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
  if (task !== undefined) return auxiliaryAlone(context, selection);
  return split === 'validation' ? validation(context, selection) : wholeTest(context, selection);
}
