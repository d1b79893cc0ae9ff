/**
 * Writes the tables of fields in docs/protocol.md from the schemas of job file and events:
 * `npx ts-node scripts/protocol-fields.ts`. A test compares page and schemas.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loraSpec, trainingSpec } from '../schemas/training';
import { preferenceLoss } from '../schemas/losses';
import * as rows from '../schemas/rows';
import { trainerEvent } from '../schemas/trainer-event';
import { decoding, numericPlan, trainerJob } from '../schemas/trainer-job';

/** The part of a JSON schema that the tables use. */
interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: unknown;
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

const jsonOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input' }) as JsonSchema;

const quoted = (value: unknown): string => `\`${JSON.stringify(value)}\``;

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

/** Names of objects with their own table, by their field names. */
const named = new Map<string, string>();
const shapeOf = ({ properties = {} }: JsonSchema): string => Object.keys(properties).sort().join();

function objectOf(schema: JsonSchema): string {
  const name = named.get(shapeOf(schema));
  if (name !== undefined) return name;
  if (schema.properties === undefined) return 'object';
  const fields = Object.entries(schema.properties).map(([field, type]) => `${field}: ${typeOf(type)}`);
  return `{ ${fields.join('; ')} }`;
}

/** A type in words, e.g. "whole number ≥ 1, or null". */
function typeOf(schema: JsonSchema): string {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(typeOf))].join(', or ');
  if (schema.const !== undefined) return quoted(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(quoted).join(', ');
  const { type = 'any value', items = {}, minItems } = schema;
  if (type === 'array')
    return `array of ${typeOf(items)}${minItems === undefined ? '' : `, at least ${minItems}`}`;
  if (type === 'object') return objectOf(schema);
  if (type === 'integer') return `whole number${boundsOf(schema)}`;
  if (type === 'number') return `number${boundsOf(schema)}`;
  if (type === 'string') return schema.minLength === undefined ? 'text' : 'text, not empty';
  return type;
}

function presence(name: string, field: JsonSchema, { required = [] }: JsonSchema): string {
  if (field.default !== undefined) return quoted(field.default);
  return required.includes(name) ? 'required' : 'none';
}

type Skip = (name: string) => boolean;

function fieldRows(schema: JsonSchema, skip: Skip): string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !skip(name))
    .map(([name, field]) => `| \`${name}\` | ${typeOf(field)} | ${presence(name, field, schema)} |`);
}

const head = ['| field | type | default |', '|---|---|---|'];

function table(title: string, schema: JsonSchema, skip: Skip = () => false): string[] {
  return [`**${title}**`, '', ...head, ...fieldRows(schema, skip), ''];
}

const branchesOf = (schema: z.ZodType): readonly JsonSchema[] => {
  const { anyOf, oneOf } = jsonOf(schema);
  return anyOf ?? oneOf ?? [];
};

function constantOf({ properties = {} }: JsonSchema, field: string): string {
  const constant = properties[field]?.const;
  return typeof constant === 'string' ? constant : '';
}

/** Fields of every job. */
function commonFields(jobs: readonly JsonSchema[]): ReadonlySet<string> {
  const [first, ...others] = jobs.map(({ properties = {} }) => Object.keys(properties));
  return new Set(first?.filter((name) => name !== 'command' && others.every((all) => all.includes(name))));
}

/** All tables as Markdown. */
export function renderFieldTables(): string {
  const parts: [string, z.ZodType][] = [
    ['`plan`', numericPlan],
    ['`training`', trainingSpec],
    ['`lora`', loraSpec],
  ];
  for (const [name, schema] of parts) named.set(shapeOf(jsonOf(schema)), `${name} (below)`);
  for (const loss of branchesOf(preferenceLoss)) named.set(shapeOf(loss), '`loss` (below)');
  for (const mode of branchesOf(decoding)) named.set(shapeOf(mode), '`decoding` (below)');
  const jobs = branchesOf(trainerJob);
  const common = commonFields(jobs);
  const everyJob = { ...jobs[0]!, required: jobs[0]?.required ?? [] };
  return [
    ...table('Every job', everyJob, (name) => !common.has(name)),
    ...jobs.flatMap((job) =>
      table(`\`${constantOf(job, 'command')}\``, job, (name) => name === 'command' || common.has(name)),
    ),
    ...parts.flatMap(([name, schema]) => table(name, jsonOf(schema))),
    ...branchesOf(preferenceLoss).flatMap((loss) =>
      table(`\`loss\` of the name "${constantOf(loss, 'name')}"`, loss),
    ),
    ...branchesOf(decoding).flatMap((mode) =>
      table(`\`decoding\` of the mode "${constantOf(mode, 'mode')}"`, mode),
    ),
    ...Object.entries({
      'A line of demonstrations': rows.demonstrationRow,
      'A line of preferences': rows.preferenceRow,
      'A line of unpaired preferences': rows.unpairedRow,
      'A line of prompts': rows.promptRow,
      'A line of `generations.jsonl`': rows.generationRow,
      'A line of `logprobs.jsonl`': rows.logprobRow,
    }).flatMap(([title, schema]) => table(title, jsonOf(schema))),
    ...branchesOf(trainerEvent).flatMap((event) => table(`Event \`${constantOf(event, 'event')}\``, event)),
  ]
    .join('\n')
    .trimEnd();
}

const [begin, end] = ['<!-- fields: begin -->', '<!-- fields: end -->'];

/** The page with its tables generated again. */
export function withFieldTables(page: string): string {
  const [before, after] = [page.indexOf(begin), page.indexOf(end)];
  if (before < 0 || after < 0) throw new Error('docs/protocol.md has no markers around its tables');
  return `${page.slice(0, before + begin.length)}\n\n${renderFieldTables()}\n\n${page.slice(after)}`;
}

if (require.main === module) {
  const path = join(__dirname, '..', 'docs', 'protocol.md');
  writeFileSync(path, withFieldTables(readFileSync(path, 'utf8')));
}
