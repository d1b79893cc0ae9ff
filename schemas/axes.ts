import { z } from 'zod';
import { isName, nameRule } from '../core/names';
import { name } from './scalars';

/** Fields that no axis may change: dimensions of the grid, and fields that are in no stage's key. */
export const fixedFields = [
  'budgetUnit',
  'sftSpendFractions',
  'name',
  'budgets',
  'sftFractions',
  'seeds',
  'axes',
  'search',
  'spendLimitUsd',
  'controls',
  'numFewShot',
  'sensitivityBudget',
  'prices',
  'execution',
];

const axisField = z
  .string()
  .regex(/^[a-zA-Z]\w*(\.[a-zA-Z]\w*)*$/, 'a field of the definition, such as sft.lora.rank')
  .refine((field) => !fixedFields.includes(field.split('.')[0] ?? ''), 'no axis may change this field');

const axisScalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const distinctScalars = (values: unknown[]): boolean => new Set(values.map(String)).size === values.length;
const hasFields = (object: object): boolean => Object.keys(object).length > 0;

/**
 * One axis: a list of values for the field that it is named after ('sft.lora.rank': [8, 16]), or named sets of changes by
 * field ({ short: { 'evaluation.maxNewTokens': 32 }, … }).
 */
const axis = z.union(
  [
    z.array(axisScalar).min(1, 'at least one value').refine(distinctScalars, 'each value once'),
    z
      .record(z.string(), z.record(z.string(), z.json()).refine(hasFields, 'at least one change'))
      .refine(hasFields, 'at least one named change'),
  ],
  "a list of values, such as [8, 16], or named changes, such as { short: { 'evaluation.maxNewTokens': 32 } }",
);

const longestLabel = 40;
const axisLabel = z
  .string()
  .refine(
    (text) => text.length <= longestLabel && isName(text),
    `a short name of ${nameRule(longestLabel)}, is needed`,
  );

/** The names in an axis with their schemas and paths. Schemas of record keys inside a union would lose the path. */
function namesIn(axisName: string, values: z.output<typeof axis>): [z.ZodType, string, string[]][] {
  if (Array.isArray(values)) return [[axisField, axisName, [axisName]]];
  const labels = Object.entries(values).flatMap(([label, changes]): [z.ZodType, string, string[]][] => [
    [axisLabel, label, [axisName, label]],
    ...Object.keys(changes).map((field): [z.ZodType, string, string[]] => [
      axisField,
      field,
      [axisName, label, field],
    ]),
  ]);
  return [[name, axisName, [axisName]], ...labels];
}

/** Further axes of a sweep, by name. */
export const sweepAxes = z.record(z.string(), axis).superRefine((value, context) => {
  for (const [axisName, values] of Object.entries(value))
    for (const [schema, text, path] of namesIn(axisName, values))
      for (const { message } of schema.safeParse(text).error?.issues ?? [])
        context.addIssue({ code: 'custom', path, message });
});
