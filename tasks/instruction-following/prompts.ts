import type { RecordsFile } from '../../contracts/records';
import type { Fields } from '../../schemas/json-lines';
import { type Fault, type FieldReason, type PlacedRow, rowsOf, textReasons } from '../record-rows';
import { type InstructionKind, instructions, isInstructionKind } from './instructions';
import { type Check, FieldFault, type InstructionFields } from './instructions/fields';

/** One prompt of an IFEval file with the checks of its instructions. */
export interface InstructionPrompt {
  readonly key: number | string;
  readonly prompt: string;
  readonly kinds: readonly InstructionKind[];
  readonly checks: readonly Check[];
}

/** Removes fields that are null, empty or 0: the published file and its copies write absent fields so. */
const presentFields = (fields: object): InstructionFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)));

type CheckOrReason = { kind: InstructionKind; check: Check } | FieldReason;

function makeCheck(id: unknown, fields: unknown, index: number): CheckOrReason {
  const place = `kwargs[${index}]`;
  if (!isInstructionKind(id))
    return {
      field: `instruction_id_list[${index}]`,
      reason: `is ${JSON.stringify(id)}, which is not an instruction`,
    };
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return { field: place, reason: 'is not an object' };
  const { make, fields: names } = instructions[id];
  const extra = Object.keys(presentFields(fields)).find((name) => !names.includes(name));
  if (extra !== undefined) return { field: `${place}.${extra}`, reason: `is not a field of ${id}` };
  try {
    return { kind: id, check: make(presentFields(fields)) };
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    return { field: `${place}.${error.field}`, reason: error.reason };
  }
}

export function readPrompt(fields: Fields): { row: InstructionPrompt } | { reasons: FieldReason[] } {
  const { key, prompt, instruction_id_list: ids, kwargs } = fields;
  const reasons = textReasons(fields, 'prompt');
  if (typeof key !== 'number' && typeof key !== 'string')
    reasons.push({ field: 'key', reason: 'is missing, or not a number or text' });
  if (!Array.isArray(ids) || ids.length === 0)
    return {
      reasons: [...reasons, { field: 'instruction_id_list', reason: 'is missing or empty' }],
    };
  if (!Array.isArray(kwargs) || kwargs.length !== ids.length)
    return { reasons: [...reasons, { field: 'kwargs', reason: 'does not have one object per instruction' }] };
  const made = ids.map((id, index) => makeCheck(id, kwargs[index], index));
  reasons.push(...made.filter((result) => 'reason' in result));
  if (reasons.length > 0) return { reasons };
  const found = made.filter((result) => 'check' in result);
  const [kinds, checks] = [found.map(({ kind }) => kind), found.map(({ check }) => check)];
  return { row: { key: key as number | string, prompt: prompt as string, kinds, checks } };
}

/** Rows of an IFEval file: key, prompt, instruction_id_list, kwargs. Unusable rows go into `faults`. */
export function parsePrompts(file: RecordsFile, faults: Fault[]): PlacedRow<InstructionPrompt>[] {
  return rowsOf(file, readPrompt, faults);
}

export const promptRemedy =
  'Correct or remove these lines: each has "key", "prompt", "instruction_id_list" and "kwargs", one object per instruction.';
