import { z } from 'zod';
import { withoutCase } from '../core/names';
import { count, type FieldIssue, name, seed } from './scalars';

const auxiliaryFields = z.strictObject({
  /** Name of the task. */
  task: name,
  /** Prefix of its metrics and name of its folder. Default: the task's name. */
  name: name.optional(),
  /** Number of test items, from the front of its test set. */
  items: count,
  /** Longest answer, in tokens. */
  maxNewTokens: count,
  /** Generated problems, or a test file of its own. Default: generated problems. */
  data: z
    .discriminatedUnion('source', [
      z.strictObject({
        /** Problems are generated. */
        source: z.literal('synthetic'),
        /** Seed of the generator. Default: 0. */
        seed: seed.default(0),
      }),
      z.strictObject({
        /** Problems are read from a file. */
        source: z.literal('files'),
        /** Path of a file of problems: JSON Lines, JSON, CSV, TSV or Parquet, also gzipped (.gz). Its content enters keys, not its path. */
        test: z.string().min(1),
      }),
    ])
    .optional(),
  /** Seed of the generator, where `data` is left out. Default: 0. */
  seed: seed.optional(),
  /** Name of its judge, for a task scored by win rate. Default: the task's own program. */
  judge: name.optional(),
});

function issuesOf(all: readonly z.output<typeof auxiliaryFields>[]): FieldIssue[] {
  const names = all.map((auxiliary) => withoutCase(auxiliary.name ?? auxiliary.task));
  return all.flatMap((auxiliary, at) => {
    const own = names[at] ?? '';
    const path = [at, auxiliary.name === undefined ? 'task' : 'name'];
    return [
      ...(auxiliary.data !== undefined && auxiliary.seed !== undefined
        ? [{ path: [at, 'seed'], message: 'leave seed out where data is set; use data.seed' }]
        : []),
      // Metric names have dots between their parts.
      ...(own.includes('.')
        ? [{ path, message: 'a name without dots is needed; set one by the field name' }]
        : []),
      ...(names.indexOf(own) === at
        ? []
        : [{ path, message: 'the name is taken; set another by the field name' }]),
    ];
  });
}

/** Canonical form, for keys: a seed for generated problems, `data` for a file only. */
function canonicalAuxiliary({ data, seed: ownSeed, ...fields }: z.output<typeof auxiliaryFields>) {
  return data?.source === 'files' ? { ...fields, data } : { ...fields, seed: data?.seed ?? ownSeed ?? 0 };
}

export const auxiliaryTasks = z
  .array(auxiliaryFields)
  .min(1)
  .superRefine((all, context) => {
    for (const issue of issuesOf(all)) context.addIssue({ code: 'custom', ...issue });
  })
  .transform((all) => all.map(canonicalAuxiliary));

/** An auxiliary task of an evaluation, in canonical form. */
export type AuxiliarySpec = ReturnType<typeof canonicalAuxiliary>;
