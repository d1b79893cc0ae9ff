import { z } from 'zod';
import type { Finding } from './match';

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const found = (at: string, text: unknown): Finding[] =>
  typeof text === 'string' ? [{ at, places: ['name', 'part', 'field'], text }] : [];

function walk(at: string, schema: unknown): Finding[] {
  if (!isJson(schema)) return [];
  const fields = Object.entries(isJson(schema['properties']) ? schema['properties'] : {});
  const values = [schema['const'], ...listOf(schema['enum'])];
  const branches = ['anyOf', 'oneOf', 'allOf', 'prefixItems'].flatMap((key) => listOf(schema[key]));
  const shared = Object.values(isJson(schema['$defs']) ? schema['$defs'] : {});
  const inner = [...branches, ...shared, schema['items'], schema['additionalProperties']];
  return [
    ...fields.flatMap(([name, field]) => [...found(at, name), ...walk(`${at}.${name}`, field)]),
    ...values.flatMap((value) => found(at, value)),
    ...inner.flatMap((below) => walk(at, below)),
  ];
}

/** Every field of a schema, at any depth and in every branch of a union, and every value that it lists. */
export const fieldsOf = (name: string, schema: z.ZodType): Finding[] =>
  walk(name, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
