/** Tables of a schema's fields in Markdown, for pages that are generated from schemas. */
import { z } from 'zod';

/** The part of a JSON schema that the tables use. */
export interface JsonSchema {
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

export const jsonOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;

export const quoted = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function boundsOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  // zod adds the bounds of safe integers.
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const lower = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const parts = [
    ...(lower === undefined ? [] : [`≥ ${lower}`]),
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(upper === undefined ? [] : [`≤ ${upper}`]),
    ...(exclusiveMaximum === undefined ? [] : [`< ${exclusiveMaximum}`]),
  ];
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}

/** Identifies an object by the names of its fields. */
export const shapeKey = (fields: readonly string[]): string => [...fields].sort().join();
export const shapeOf = ({ properties = {} }: JsonSchema): string => shapeKey(Object.keys(properties));

export const branchesOf = ({ anyOf, oneOf }: JsonSchema): readonly JsonSchema[] => anyOf ?? oneOf ?? [];

/** Names of objects that have a table of their own, by shape. */
export type Names = ReadonlyMap<string, string>;

function objectOf(schema: JsonSchema, names: Names): string {
  const name = names.get(shapeOf(schema));
  if (name !== undefined) return name;
  const { properties, additionalProperties: values } = schema;
  if (properties !== undefined) {
    const fields = Object.entries(properties).map(([field, type]) => `${field}: ${typeOf(type, names)}`);
    return `{ ${fields.join('; ')} }`;
  }
  return values === undefined || values === false ? 'object' : `object, each value: ${typeOf(values, names)}`;
}

/** A type in words, e.g. "whole number ≥ 1, or null". */
function typeOf(schema: JsonSchema, names: Names): string {
  const branches = branchesOf(schema);
  if (branches.length > 0) return [...new Set(branches.map((branch) => typeOf(branch, names)))].join(', or ');
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(quoted).join(', ');
  const { type = 'any value', items = {}, minItems } = schema;
  if (typeof type !== 'string') return type.map((each) => typeOf({ type: each }, names)).join(', or ');
  if (type === 'array')
    return `array of ${typeOf(items, names)}${minItems === undefined ? '' : `, at least ${minItems}`}`;
  if (type === 'object') return objectOf(schema, names);
  if (type === 'integer') return `whole number${boundsOf(schema)}`;
  if (type === 'number') return `number${boundsOf(schema)}`;
  if (type === 'string') return schema.minLength === undefined ? 'text' : 'text, not empty';
  return type;
}

function presence(name: string, field: JsonSchema, { required = [] }: JsonSchema): string {
  if (field.default !== undefined) return quoted(field.default);
  return required.includes(name) ? 'required' : 'none';
}

export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
export const headOf = (names: readonly string[]): string[] => [row(names), `|${'---|'.repeat(names.length)}`];

/** One row for each field: name, type and default. */
export const fieldCells = (schema: JsonSchema, names: Names): [string, string, string][] =>
  Object.entries(schema.properties ?? {}).map(([name, field]) => [
    name,
    typeOf(field, names),
    presence(name, field, schema),
  ]);

/** The page with one of its generated parts replaced: `<!-- NAME: begin -->` … `<!-- NAME: end -->`. */
export function withPart(page: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [before, after] = [page.indexOf(begin), page.indexOf(end)];
  if (before < 0 || after < 0) throw new Error(`the page has no markers around the part ${name}`);
  const text = lines.join('\n').trimEnd();
  return `${page.slice(0, before + begin.length)}\n\n${text}\n\n${page.slice(after)}`;
}
