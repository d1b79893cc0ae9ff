import type { z } from 'zod';
import type { LossOps, PairTerms, Tensor, UnpairedTerms } from './terms';

type Zod = typeof z;
type Fields = z.core.$ZodLooseShape;

type SftOption<Sft extends boolean> = Sft extends true
  ? { readonly sftWeight?: number | undefined }
  : unknown;
/** The fields of a loss with `beta`, which every loss has. */
type Shape<F extends Fields> = z.ZodObject<F & { beta: z.ZodNumber }>;

/** A loss in a definition, as a user writes it. */
export type LossInput<Name, F extends Fields, Sft extends boolean> = { readonly name: Name } & z.input<
  Shape<F>
> &
  SftOption<Sft>;

/** A checked loss: defaults are filled in. */
export type LossOutput<Name, F extends Fields, Sft extends boolean> = { readonly name: Name } & z.output<
  Shape<F>
> &
  SftOption<Sft>;

/** Only `fields` decides what the options are. */
type OptionsOf<F extends Fields> = { readonly beta: number } & (keyof F extends never
  ? unknown
  : z.output<z.ZodObject<NoInfer<F>>>);

/** An answer's summed log-probabilities, outside of the graph. */
export interface ScoredAnswer {
  readonly logprob: number;
  /** Of the frozen reference; NaN for a loss without one. */
  readonly reference: number;
  readonly tokens: number;
}

/** The loss of a row where the policy is its reference. */
export interface ReferenceValue {
  readonly loss: number;
  /** Bound on |d loss / d margin| there, for the tolerance of the check of step 1. */
  readonly slope: number;
}

interface CommonRules<Name extends string, F extends Fields> {
  /** TRL's `loss_type`. */
  readonly name: Name;
  /** Authors, year and arXiv number; null if there is no paper. */
  readonly paper: string | null;
  /** The loss of a row in a formula, for the docs. */
  readonly equation: string;
  /** The options other than `beta`, each with `.describe(…)` for the docs. */
  readonly fields: (zod: Zod) => F;
  /** Name in text, with a capital: "Conservative DPO". */
  readonly title: (options: OptionsOf<F>) => string;
  /** Tag of model cards on the Hugging Face hub. */
  readonly hubTag: string;
  readonly needs: {
    /** The frozen reference's log-probabilities: `logRatio`, `meanLogRatio`. */
    readonly reference: boolean;
    /** Numbers of tokens: `meanLogprob`, `meanLogRatio`. */
    readonly lengths: boolean;
  };
  /** The implicit reward of an answer, for metrics and charts. With a reference: 0 where the policy is the reference. */
  readonly reward: {
    readonly equation: string;
    readonly of: (answer: ScoredAnswer, options: OptionsOf<F>) => number;
  };
  /** null: a loss without a reference, or whose value there is not known. Step 1 is then not checked. */
  readonly atReference: {
    readonly equation: string;
    readonly of: (options: OptionsOf<F>) => ReferenceValue;
  } | null;
}

/** A loss of preference pairs. */
export interface PairRules<Name extends string, F extends Fields, Sft extends boolean> extends CommonRules<
  Name,
  F
> {
  readonly rows: 'pairs';
  /** Whether it has the option `sftWeight`: λ times the mean cross-entropy of the chosen tokens is added. */
  readonly sftTerm: Sft;
  /** Loss of each pair: [pairs]. */
  readonly value: (ops: LossOps, terms: PairTerms, options: OptionsOf<F>) => Tensor;
}

/** A loss of single answers, each labelled desirable or undesirable. */
export interface UnpairedRules<Name extends string, F extends Fields> extends CommonRules<Name, F> {
  readonly rows: 'unpaired';
  readonly sftTerm: false;
  /** Whether it uses `baseline`, which is measured at every step. */
  readonly baseline: boolean;
  /** Loss of each answer before its weight: [answers]. */
  readonly value: (ops: LossOps, terms: UnpairedTerms, options: OptionsOf<F>) => Tensor;
  /** Weight of an answer in the mean over a step. */
  readonly weight: (desirable: boolean, options: OptionsOf<F>) => number;
  /** Recommended ratio of the total weights of desirable and undesirable answers; null: none. */
  readonly balance: { readonly min: number; readonly max: number; readonly advice: string } | null;
}

/** All rules of a preference loss. */
export type LossRules<
  Name extends string = string,
  F extends Fields = Fields,
  Sft extends boolean = boolean,
> = PairRules<Name, F, Sft> | (UnpairedRules<Name, F> & { readonly sftTerm: Sft });

/**
 * A preference loss. A definition uses one of yours by file and export: `preference.loss: { module: './margin.ts', export:
 * 'margin', beta: 0.1 }`. A missing rule does not compile.
 */
export const defineLoss = <const Name extends string, F extends Fields, const Sft extends boolean>(
  rules: LossRules<Name, F, Sft>,
): LossRules<Name, F, Sft> => rules;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
const isFunction: Check = (value) => typeof value === 'function';
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
/** Whether a value is an object, and its fields are as they should be. */
const hasFields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));
const isFormula = hasFields({ equation: isText, of: isFunction });

const pairRules: Readonly<Record<keyof PairRules<string, Fields, boolean>, Check>> = {
  name: isText,
  rows: (value) => value === 'pairs' || value === 'unpaired',
  paper: orNull(isText),
  equation: isText,
  fields: isFunction,
  title: isFunction,
  hubTag: isText,
  needs: hasFields({ reference: isFlag, lengths: isFlag }),
  sftTerm: isFlag,
  value: isFunction,
  reward: isFormula,
  atReference: orNull(isFormula),
};
const unpairedRules: Readonly<Record<keyof UnpairedRules<string, Fields>, Check>> = {
  ...pairRules,
  sftTerm: (value) => value === false,
  baseline: isFlag,
  weight: isFunction,
  balance: orNull(hasFields({ min: isNumber, max: isNumber, advice: isText })),
};

/** Rules that an export lacks or has in another form, for modules that no compiler has checked. */
export function invalidRules(exported: unknown): string[] {
  const found = (typeof exported === 'object' && exported !== null ? exported : {}) as Record<
    string,
    unknown
  >;
  const checks = found['rows'] === 'unpaired' ? unpairedRules : pairRules;
  return Object.entries(checks).flatMap(([name, check]) => (check(found[name]) ? [] : [name]));
}
