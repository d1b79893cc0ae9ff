/**
 * Writes the generated parts of docs/reference/definition.md from schemas, tasks and defaults:
 * `npx ts-node scripts/definition-fields.ts`. A test compares page and code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixedFields } from '../schemas/axes';
import { experimentDefinition, sweepDefinition } from '../schemas/definition';
import { gradeSchoolMathDefaults, syntheticDefaults } from '../tasks';
import { builtInTasks } from '../workers';
import { wrap } from './errors-doc';
import { type Docs, readDocs } from './field-docs';
import { lossTable } from './loss-tables';
import {
  branchesOf,
  fieldCells,
  headOf,
  jsonOf,
  type JsonSchema,
  type Names,
  quoted,
  row,
  shapeOf,
  withPart,
} from './field-tables';

/** An object of the definition: its places, and its forms where a field decides which fields there are. */
interface Part {
  readonly paths: string[];
  readonly forms: readonly JsonSchema[];
}

const titleOf = ({ paths }: Part): string => paths.map((path) => `\`${path}\``).join(', ');

const anchorOf = (part: Part): string =>
  titleOf(part)
    .toLowerCase()
    .replace(/[^a-z -]/g, '')
    .replaceAll(' ', '-');

/** Objects inside of a schema, each once. */
function collect(schema: JsonSchema, path: string, found: Map<string, Part>): void {
  if (schema.items !== undefined) collect(schema.items, `${path}[]`, found);
  const branches = branchesOf(schema);
  const forms = (branches.length > 0 ? branches : [schema]).filter((form) => form.properties !== undefined);
  if (forms.length === 0) return;
  const key = JSON.stringify(forms.map(({ properties }) => properties));
  const known = found.get(key);
  if (known !== undefined) known.paths.push(path);
  else {
    found.set(key, { paths: [path], forms });
    for (const form of forms) collectFields(form, `${path}.`, found);
  }
}

function collectFields({ properties = {} }: JsonSchema, prefix: string, found: Map<string, Part>): void {
  for (const [name, field] of Object.entries(properties)) collect(field, `${prefix}${name}`, found);
}

const isScalar = (value: unknown): boolean =>
  value !== undefined && (typeof value !== 'object' || value === null);

/** Words of a default that are a value. */
const isCode = /^([\d[{].*|true|false)$/;

const plain = (text: string): string => text.replace(/[`'"]/g, '');

/**
 * Default and meaning of a field. A docstring says "Default: …" in words where the schema has no default, and must agree
 * with the schema where it has one.
 */
function describe(where: string, doc: string, field: JsonSchema | undefined, presence: string): string[] {
  if (doc === '') throw new Error(`${where} has no docstring`);
  const found = /\s*Default: (.+?)\.(?=\s|$)/s.exec(doc);
  if (found === null) return [presence, doc];
  const [sentence, words = ''] = found;
  if (presence === 'required') throw new Error(`${where} is required, and its docstring has a default`);
  const meaning = doc.replace(sentence, '').trim();
  if (!isScalar(field?.default)) return [isCode.test(words) ? `\`${words}\`` : words, meaning];
  if (plain(words) === plain(presence)) return [presence, meaning];
  if (plain(words).startsWith(`${plain(presence)}, `)) return [words, meaning];
  throw new Error(`${where}: the docstring's default is ${words}, the schema's ${presence}`);
}

const head = headOf(['field', 'type', 'default', 'meaning']);
const cell = (text: string): string => text.replaceAll('\n', ' ').replaceAll('|', '\\|');

type Skip = (name: string) => boolean;

function table(path: string, form: JsonSchema, names: Names, docs: Docs, skip: Skip): string[] {
  const fields = docs.fields(shapeOf(form));
  const docOf = (name: string): string => form.properties?.[name]?.description ?? fields.get(name) ?? '';
  const lines = fieldCells(form, names)
    .filter(([name]) => !skip(name))
    .map(([name, type, presence]) => {
      const where = `${path}.${name}`;
      const facts = describe(where, docOf(name), form.properties?.[name], presence);
      return row([`\`${name}\``, type, ...facts].map(cell));
    });
  return [...head, ...lines, ''];
}

/** A part before this one whose fields this one has too, such as `sft` for `preference`. */
function baseOf(part: Part, parts: readonly Part[]): Part | undefined {
  const [form] = part.forms;
  return parts.slice(0, parts.indexOf(part)).find(({ forms: [other], forms }) => {
    const fields = Object.entries(other?.properties ?? {});
    const isSame = ([name, field]: [string, JsonSchema]): boolean =>
      JSON.stringify(form?.properties?.[name]) === JSON.stringify(field);
    return forms.length === 1 && part.forms.length === 1 && fields.every(isSame);
  });
}

const heading = ({ properties = {} }: JsonSchema): string[] => {
  const [name, field] = Object.entries(properties).find(([, { const: value }]) => value !== undefined) ?? [];
  // A form without a constant is found by its first field.
  const found = name === undefined ? Object.keys(properties)[0] : `${name}: ${JSON.stringify(field?.const)}`;
  return [`**\`${found}\`**`, ''];
};

function section(part: Part, parts: readonly Part[], names: Names, docs: Docs): string[] {
  const base = baseOf(part, parts);
  const inBase = Object.keys(base?.forms[0]?.properties ?? {});
  return [
    `### ${titleOf(part)}`,
    '',
    ...(base === undefined ? [] : [`All fields of ${titleOf(base)}, and:`, '']),
    ...part.forms.flatMap((form) => [
      ...(part.forms.length > 1 ? heading(form) : []),
      ...table(part.paths[0] ?? '', form, names, docs, (name) => inBase.includes(name)),
    ]),
  ];
}

function fieldSections(docs: Docs): string[] {
  const [sweep, experiment] = [jsonOf(sweepDefinition), jsonOf(experimentDefinition)];
  const found = new Map<string, Part>();
  collectFields(sweep, '', found);
  const parts = [...found.values()];
  const names: Names = new Map(
    parts.flatMap((part) =>
      part.forms.map((form): [string, string] => [
        shapeOf(form),
        `[\`${part.paths[0] ?? ''}\`](#${anchorOf(part)})`,
      ]),
    ),
  );
  const common = Object.keys(experiment.properties ?? {}).filter((name) => name in (sweep.properties ?? {}));
  return [
    ...['### The sweep', ''],
    ...table('sweep', sweep, names, docs, () => false),
    ...parts.flatMap((part) => section(part, parts, names, docs)),
    ...['### An experiment', ''],
    ...[
      wrap(`The argument of \`defineExperiment\`, one cell: of the sweep's fields ${code(common)}; and:`),
      '',
    ],
    ...table('experiment', experiment, names, docs, (name) => common.includes(name)),
  ];
}

/** A docstring with tables, as a part of the page. */
const prose = (doc: string): string[] =>
  doc.split('\n\n').flatMap((part) => [part.startsWith('|') ? part : wrap(part.replaceAll('\n', ' ')), '']);

/** The losses of preference tuning by name. */
const lossSection = (): string[] => [
  wrap(
    "Names are TRL's `loss_type` (`simpo` is one of its CPO trainer, `kto` of its KTO trainer). w and l are log π − log π_ref of the chosen and the rejected answer, summed over tokens, and Δ = w − l:",
  ),
  '',
  ...lossTable(),
  '',
  wrap(
    "z is the mean of log π − log π_ref over a step's mismatched answers (to other prompts), at least 0, without gradient.",
  ),
];

const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function taskTables(): string[] {
  const tasks = builtInTasks.map((task) =>
    row([
      `\`${task.name}\``,
      task.metric,
      code(task.annotators.map(({ name }) => name)),
      task.comparison === undefined ? 'none' : 'a program, or a judge of `withJudges`',
    ]),
  );
  const annotators = builtInTasks.flatMap((task) =>
    task.annotators.map(({ name, description }) => row([`\`${task.name}\``, `\`${name}\``, description])),
  );
  return [
    ...[...headOf(['task', 'metric', 'annotators', 'judge']), ...tasks, ''],
    ...[...headOf(['task', 'annotator', 'what it writes']), ...annotators, ''],
  ];
}

/** Fields of an object by path, `sft.lora.rank`, with their values. */
const leaves = (value: unknown, path = ''): [string, unknown][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`))
    : [[path, value]];

function defaultsTable(): string[] {
  const own = 'TASK';
  const [math, synthetic] = [gradeSchoolMathDefaults, syntheticDefaults(own)].map(
    (all) => new Map(leaves(all)),
  );
  const shown = (value: unknown): string =>
    value === undefined ? '' : value === own ? 'the argument' : quoted(value);
  const fields = [...new Set([...math!.keys(), ...synthetic!.keys()])].sort();
  return [
    ...headOf(['field', '`gradeSchoolMathDefaults`', '`syntheticDefaults(task)`']),
    ...fields.map((field) => row([`\`${field}\``, shown(math!.get(field)), shown(synthetic!.get(field))])),
  ];
}

/** The page with its generated parts written again. */
export function withDefinition(page: string): string {
  const docs = readDocs();
  const parts = {
    fields: fieldSections(docs),
    losses: lossSection(),
    axes: [wrap(`No axis may change ${code(fixedFields)}.`)],
    controls: prose(docs.constant('controlKinds')),
    tasks: taskTables(),
    defaults: defaultsTable(),
  };
  return Object.entries(parts).reduce((text, [name, lines]) => withPart(text, name, lines), page);
}

if (require.main === module) {
  const path = join(__dirname, '..', 'docs', 'reference', 'definition.md');
  writeFileSync(path, withDefinition(readFileSync(path, 'utf8')));
}
