/** Arguments of one instruction, e.g. { keyword: "river", frequency: 3, relation: "at least" }. */
export type InstructionFields = Readonly<Record<string, unknown>>;

/** Whether a response follows an instruction. */
export type Check = (response: string) => boolean;

/** A missing or invalid field of an instruction. */
export class FieldFault extends Error {
  constructor(
    readonly field: string,
    readonly reason: string,
  ) {
    super(`${field} ${reason}`);
  }
}

export function textField(fields: InstructionFields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new FieldFault(name, name in fields ? 'is not a text, or is empty' : 'is missing');
}

export function textsField(fields: InstructionFields, name: string): readonly string[] {
  const value = fields[name];
  const isTexts = Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '');
  if (isTexts && value.length > 0) return value as string[];
  throw new FieldFault(name, name in fields ? 'is not a list of texts, or is empty' : 'is missing');
}

export function countField(fields: InstructionFields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new FieldFault(name, name in fields ? 'is not a whole number above 0' : 'is missing');
}

/** Whether a number is "less than" or "at least" a bound. */
export function boundField(
  fields: InstructionFields,
  { count, relation }: { count: string; relation: string },
): (actual: number) => boolean {
  const bound = countField(fields, count);
  const words = textField(fields, relation);
  if (words === 'less than') return (actual) => actual < bound;
  if (words === 'at least') return (actual) => actual >= bound;
  throw new FieldFault(relation, 'is neither "less than" nor "at least"');
}
