import { join } from 'node:path';
import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import type { ModelConfig, ModelFamily, Refuse } from '../families/define';
import { families } from '../families/registry';
import { readJson } from './files';

/** Settings of a config.json. */
export interface ModelSettings {
  /** The architecture that the engine builds. */
  readonly config: ModelConfig;
  /** The longest sequence of the model, or null. */
  readonly maxPositions: number | null;
  /** `eos_token_id` as a list; the first is supervised. */
  readonly endOfSequence: readonly number[];
  readonly beginOfSequence: number | null;
}

const ids = z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]).nullish();
const typeSchema = z.looseObject({ model_type: z.string() });
const idsSchema = z.looseObject({ eos_token_id: ids, bos_token_id: ids });

const listed = (names: readonly string[], word: 'and' | 'or'): string =>
  [names.slice(0, -1).join(', '), names.at(-1)].filter((part) => part !== '').join(` ${word} `);

/** The families that a model may be of: the job's own one before those of this package. */
export const familiesWith = (own: ModelFamily | null): readonly ModelFamily[] =>
  own === null ? families : [own, ...families];

const refuseIn =
  (path: string, known: readonly ModelFamily[]): Refuse =>
  (field, why) => {
    const titles = listed(
      known.map(({ title }) => title),
      'or',
    );
    throw new BudgetlineError('CONFIG_INVALID', `${path}: field "${field}" ${why}.`, {
      remedy: `Use a ${titles} model without that feature.`,
      details: { path, field },
    });
  };

function parse<T>(schema: z.ZodType<T>, content: unknown, refuse: Refuse): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(issue?.path.join('.') ?? '', `is not usable (${issue?.message ?? 'malformed'})`);
}

function findFamily(type: string, known: readonly ModelFamily[], refuse: Refuse): ModelFamily {
  const types = known.flatMap(({ modelTypes }) => modelTypes);
  return (
    known.find(({ modelTypes }) => modelTypes.includes(type)) ??
    refuse('model_type', `is "${type}"; ${listed(types, 'and')} are supported`)
  );
}

const listIds = (value: z.infer<typeof ids>): readonly number[] =>
  value === null || value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Checks the content of a config.json; `path` only names it in errors. `own` is the job's own family. */
export function parseModelConfig(
  content: unknown,
  path: string,
  own: ModelFamily | null = null,
): ModelSettings {
  const known = familiesWith(own);
  const refuse = refuseIn(path, known);
  const family = findFamily(parse(typeSchema, content, refuse).model_type, known, refuse);
  const file = parse(family.config.schema, content, refuse);
  const { eos_token_id: ends, bos_token_id: begins } = parse(idsSchema, content, refuse);
  const unsupported = family.config.unsupported(file);
  if (unsupported !== null) refuse(...unsupported);
  return {
    config: { ...family.config.read(file, refuse), family },
    maxPositions: family.config.maxPositions(file),
    endOfSequence: listIds(ends),
    beginOfSequence: listIds(begins)[0] ?? null,
  };
}

/** Reads config.json of a model folder. @throws CONFIG_INVALID naming the field, INPUT_MISSING. */
export function readModelConfig(folder: string, own: ModelFamily | null = null): ModelSettings {
  const path = join(folder, 'config.json');
  return parseModelConfig(readJson(path), path, own);
}
