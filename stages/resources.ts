import { maxUnchunkedVocabulary } from '../core/vocabulary';
import { rowsInCache } from '../core/micro-batch';
import type { ResolvedModel } from '../contracts/resolved';
import type { StageResources } from '../contracts/stage';
import type { TrainingSpec } from '../schemas/training';
import type { StageContext } from './define';
import { rates } from './rates';

/** Checkpoints that a training run keeps: if the newest is damaged, the one before it is used. */
export const keepCheckpoints = 2;

/** Rows decoded at once. Covered by revisions: another shape can change the last bits. */
export const generationBatchSize = 64;

const float = 4;
const mebibyte = 2 ** 20;

/** Bytes in files, measured on the embedded default. */
const fileBytes = {
  /** Manifest, ledger and claim of a stage. */
  stage: 10_000,
  /** A row of a data set, without its text. */
  row: 80,
  /** A generated answer, without its text. */
  answer: 75,
  /** An evaluated item, without its answer. */
  item: 260,
  /** The metrics of an optimiser step. */
  step: 400,
  /** The reference's log-probabilities of a row. */
  reference: 120,
} as const;

/**
 * Peak memory of a trainer on the CPU: the process, copies of the weights, and what grows with the tokens of a batch.
 * Fitted to models of 0.8 to 52 million weights (docs/log.md).
 */
const memory = {
  /** Node.js and ONNX Runtime, without and with a session. */
  hostBytes: 75 * mebibyte,
  sessionBytes: 128 * mebibyte,
  /** Copies of the weights. */
  loraCopies: 3.6,
  fullCopies: 8.2,
  generationCopies: 4.45,
  mergeCopies: 2,
  copyCopies: 1,
  /** Numbers kept per number that goes into or comes out of a linear module. */
  activations: 1.8,
  /** Copies of a batch's logits, and of a chunk's where they are computed in chunks. */
  logits: 1.5,
  chunkedLogits: 5,
  /** Copies of the cache of keys and values. */
  cache: 2.25,
} as const;

/** Logits of a chunk of tokens. */
const chunk = 2 ** 25;

/** Vocabularies of characters have short tokens: 1.8 bytes in the embedded model. Others are assumed to have 4. */
const characters = 1000;
const textBytes = (tokens: number, { vocabulary = Infinity }: ResolvedModel): number =>
  tokens * (vocabulary < characters ? 2 : 4);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Mean tokens of a prompt with its answer. */
const rowTokens = ({ maxLength }: Pick<TrainingSpec, 'maxLength'>): number => maxLength * rates.meanRowLength;

/** Trained numbers: all weights, or A and B of every target module. */
function trainedNumbers({ lora }: TrainingSpec, { parameters, linearSides }: SizedModel): number {
  if (lora === null) return parameters;
  return lora.rank * sum(lora.targetModules.map((module) => linearSides[module] ?? 0));
}

type SizedModel = ResolvedModel & Required<Pick<ResolvedModel, 'parameters' | 'linearSides'>>;

const isSized = (model: ResolvedModel): model is SizedModel =>
  model.parameters !== undefined && model.linearSides !== undefined;

/** Memory is measured on the CPU only. */
const onCpu = ({ resolved }: StageContext, bytes: number): number | null =>
  resolved.definition.execution.device === 'cpu' ? Math.round(bytes) : null;

/** Rows of one forward and backward pass. */
function microBatch({ lora, batchSize }: TrainingSpec, tokens: number, { resolved }: StageContext): number {
  const { microBatchSize } = resolved.definition.execution;
  if (microBatchSize !== null) return Math.min(microBatchSize, batchSize);
  return lora === null ? batchSize : rowsInCache(batchSize, tokens);
}

function trainingMemory(
  training: TrainingSpec,
  { parameters, linearSides, vocabulary = 0 }: SizedModel,
  tokens: number,
): number {
  const copies = training.lora === null ? memory.fullCopies : memory.loraCopies;
  const activations = memory.activations * tokens * sum(Object.values(linearSides));
  const all = tokens * vocabulary;
  const logits =
    vocabulary > maxUnchunkedVocabulary ? memory.chunkedLogits * Math.min(chunk, all) : memory.logits * all;
  return memory.sessionBytes + float * (copies * parameters + activations + logits);
}

/** A training run of a number of rows. */
export interface TrainingLoad {
  readonly training: TrainingSpec;
  readonly rows: number;
  readonly optimiserSteps: number;
  /** Whether the rows are pairs, which a reference scores first. */
  readonly pairs?: boolean;
}

/** Resources of a training stage. */
export function trainingResources(
  context: StageContext,
  { training, rows, optimiserSteps, pairs = false }: TrainingLoad,
): StageResources | undefined {
  const { model } = context.resolved;
  if (!isSized(model)) return undefined;
  const trained = float * trainedNumbers(training, model);
  const tokens = (pairs ? 2 : 1) * rowTokens(training);
  const references = pairs ? rows * fileBytes.reference : 0;
  const payload = trained + optimiserSteps * fileBytes.step + references;
  const inBatch = Math.min(rows, microBatch(training, tokens, context)) * tokens;
  // Parameters and two moments; a new checkpoint is written before the oldest is removed.
  const checkpoints = (keepCheckpoints + 1) * 3 * trained;
  return {
    storeBytes: Math.round(payload + fileBytes.stage),
    scratchBytes: Math.round(payload + checkpoints),
    memoryBytes: onCpu(context, trainingMemory(training, model, inBatch)),
  };
}

/** Resources for writing the model's weights as float32, with or without a merged adapter. */
export function mergeResources(
  { resolved }: StageContext,
  { withAdapter }: { readonly withAdapter: boolean },
): StageResources | undefined {
  const { parameters } = resolved.model;
  if (parameters === undefined) return undefined;
  const weights = float * parameters;
  return {
    storeBytes: weights + fileBytes.stage,
    scratchBytes: weights,
    // Merging runs on the host with any device.
    memoryBytes: memory.hostBytes + (withAdapter ? memory.mergeCopies : memory.copyCopies) * weights,
  };
}

/** Answers to generate. */
export interface AnswersLoad {
  readonly answers: number;
  readonly maxNewTokens: number;
  /** Demonstrations before each prompt. Default: 0. */
  readonly fewShot?: number;
}

const answerBytes = ({ maxNewTokens }: AnswersLoad, model: ResolvedModel): number =>
  textBytes(maxNewTokens * rates.meanAnswerLength, model);

/** Bytes of generated answers in the store. */
const answersBytes = (load: AnswersLoad, model: ResolvedModel): number =>
  load.answers * (fileBytes.answer + answerBytes(load, model));

/** Null: unknown, as for models whose layers have no modules k_proj and v_proj. */
function generationMemory(
  context: StageContext,
  { answers, maxNewTokens, fewShot = 0 }: AnswersLoad,
): number | null {
  const { model, definition } = context.resolved;
  const { parameters, cachedWidth } = model;
  if (parameters === undefined || cachedWidth === undefined) return null;
  const tokens = (1 + fewShot) * rowTokens(definition.sft) + maxNewTokens;
  const cached = Math.min(answers, generationBatchSize) * tokens * cachedWidth;
  const numbers = memory.generationCopies * parameters + memory.cache * cached;
  return onCpu(context, memory.sessionBytes + float * numbers);
}

/** Resources of a data stage. */
export interface RowsLoad {
  readonly rows: number;
  /** Whether a row has two answers. */
  readonly pairs: boolean;
  /** Answers of the base model or a model trained from it; null: none. */
  readonly generated: AnswersLoad | null;
  /** Whether another model runs, whose size is unknown. */
  readonly otherModel: boolean;
}

export function rowsResources(
  context: StageContext,
  { rows, pairs, generated, otherModel }: RowsLoad,
): StageResources {
  const { model, definition } = context.resolved;
  const ownMemory = generated === null ? 0 : generationMemory(context, generated);
  const text = textBytes((pairs ? 2 : 1) * rowTokens(definition.sft), model);
  const payload = rows * (fileBytes.row + text);
  const answers = generated === null ? 0 : answersBytes(generated, model);
  return {
    storeBytes: Math.round(payload + answers + fileBytes.stage),
    scratchBytes: Math.round(payload + 3 * answers),
    memoryBytes: otherModel ? null : ownMemory,
  };
}

/** Resources of an evaluation, which answers one question set after the other. */
export function evaluationResources(
  context: StageContext,
  { sets, otherModel }: { readonly sets: readonly AnswersLoad[] } & Pick<RowsLoad, 'otherModel'>,
): StageResources {
  const { model } = context.resolved;
  const answers = sum(sets.map((set) => answersBytes(set, model)));
  const items = sum(sets.map((set) => set.answers * (fileBytes.item + answerBytes(set, model))));
  const needs = sets.map((set) => generationMemory(context, set));
  return {
    storeBytes: Math.round(items + answers + fileBytes.stage),
    scratchBytes: Math.round(items + 3 * answers),
    memoryBytes: otherModel || needs.includes(null) ? null : Math.max(...needs.map(Number)),
  };
}
