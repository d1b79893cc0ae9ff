/**
 * Writes the tables of fields in docs/protocol.md from the schemas of job file and events:
 * `npx ts-node scripts/protocol-fields.ts`. A test compares page and schemas.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { loraSpec, trainingSpec } from '../schemas/training';
import { jobLoss } from '../schemas/losses';
import * as rows from '../schemas/rows';
import { trainerEvent } from '../schemas/trainer-event';
import { decoding, numericPlan, trainerJob } from '../schemas/trainer-job';
import { protocolLossTable } from './loss-tables';
import {
  branchesOf,
  fieldCells,
  headOf,
  jsonOf,
  type JsonSchema,
  type Names,
  row,
  shapeOf,
  withPart,
} from './field-tables';

const parts: [string, z.ZodType][] = [
  ['`plan`', numericPlan],
  ['`training`', trainingSpec],
  ['`lora`', loraSpec],
];
const losses = branchesOf(jsonOf(jobLoss));
const modes = branchesOf(jsonOf(decoding));

const names: Names = new Map([
  ...parts.map(([name, schema]): [string, string] => [shapeOf(jsonOf(schema)), `${name} (below)`]),
  ...losses.map((loss): [string, string] => [shapeOf(loss), '`loss` (below)']),
  ...modes.map((mode): [string, string] => [shapeOf(mode), '`decoding` (below)']),
]);

type Skip = (name: string) => boolean;

function table(title: string, schema: JsonSchema, skip: Skip = () => false): string[] {
  const cells = fieldCells(schema, names).filter(([name]) => !skip(name));
  const lines = cells.map(([name, ...facts]) => row([`\`${name}\``, ...facts]));
  return [`**${title}**`, '', ...headOf(['field', 'type', 'default']), ...lines, ''];
}

function constantOf({ properties = {} }: JsonSchema, field: string): string {
  const constant = properties[field]?.const;
  return typeof constant === 'string' ? constant : '';
}

const lossTitle = (name: string): string =>
  name === '' ? '`loss` of a user' : `\`loss\` of the name "${name}"`;

/** Fields of every job. */
function commonFields(jobs: readonly JsonSchema[]): ReadonlySet<string> {
  const [first, ...others] = jobs.map(({ properties = {} }) => Object.keys(properties));
  return new Set(first?.filter((name) => name !== 'command' && others.every((all) => all.includes(name))));
}

/** All tables as Markdown. */
function fieldTables(): string[] {
  const jobs = branchesOf(jsonOf(trainerJob));
  const common = commonFields(jobs);
  return [
    ...table('Every job', jobs[0]!, (name) => !common.has(name)),
    ...jobs.flatMap((job) =>
      table(`\`${constantOf(job, 'command')}\``, job, (name) => name === 'command' || common.has(name)),
    ),
    ...parts.flatMap(([name, schema]) => table(name, jsonOf(schema))),
    ...losses.flatMap((loss) => table(lossTitle(constantOf(loss, 'name')), loss)),
    ...modes.flatMap((mode) => table(`\`decoding\` of the mode "${constantOf(mode, 'mode')}"`, mode)),
    ...Object.entries({
      'A line of demonstrations': rows.demonstrationRow,
      'A line of preferences': rows.preferenceRow,
      'A line of unpaired preferences': rows.unpairedRow,
      'A line of prompts': rows.promptRow,
      'A line of `generations.jsonl`': rows.generationRow,
      'A line of `logprobs.jsonl`': rows.logprobRow,
    }).flatMap(([title, schema]) => table(title, jsonOf(schema))),
    ...branchesOf(jsonOf(trainerEvent)).flatMap((event) =>
      table(`Event \`${constantOf(event, 'event')}\``, event),
    ),
  ];
}

/** The page with its tables generated again. */
export const withFieldTables = (page: string): string =>
  withPart(withPart(page, 'losses', protocolLossTable()), 'fields', fieldTables());

if (require.main === module) {
  const path = join(__dirname, '..', 'docs', 'protocol.md');
  writeFileSync(path, withFieldTables(readFileSync(path, 'utf8')));
}
