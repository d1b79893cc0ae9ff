import { z } from 'zod';

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
}

type Fields = Map<string, Set<string>>;

function collect(
  { properties = {}, anyOf = [], oneOf = [], items }: SchemaNode,
  path: string,
  fields: Fields,
): void {
  for (const branch of [...anyOf, ...oneOf]) collect(branch, path, fields);
  for (const [name, child] of Object.entries(properties)) {
    fields.set(path, (fields.get(path) ?? new Set()).add(name));
    collect(child, path === '' ? name : `${path}.${name}`, fields);
  }
  if (items !== undefined) collect(items, `${path}[]`, fields);
}

/** A schema, for rooms that do not import zod. */
export type Schema<T> = z.ZodType<T>;

/**
 * Field names of a schema's objects by path: "" → name, task …; "sft.lora" → rank …; "list[]" → those of a list's
 * elements. A union has the fields of all its branches.
 */
export function fieldsOf(schema: Schema<unknown>): ReadonlyMap<string, ReadonlySet<string>> {
  const fields: Fields = new Map();
  collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode, '', fields);
  return fields;
}
