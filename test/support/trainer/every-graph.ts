import { lossOf } from '../../../losses/registry';
import type { LoweredModel, Precision } from '../../../trainer/graph';
import { lower } from '../../../trainer/engine/placement';
import {
  buildAccumulation,
  buildOptimizer,
  buildScoring,
  buildStep,
  buildScan,
  createSource,
  planTraining,
  type TrainPlan,
} from '../../../trainer/engine/train-graphs';
import type { GraphProfile } from '../../../trainer/engine/types';
import type { ModelConfig } from '../../../trainer/families/define';
import type { Objective } from '../../../trainer/rows';
import type { Decoding } from '../../../schemas/trainer-job';
import { buildGeneration } from '../../../trainer/model/generation';
import { sequenceLogProbabilities } from '../../../trainer/model/objectives';
import { packedInputs } from '../../../trainer/model/packed-decoder';
import { oracleConfigs, oracleLora, oracleWeights } from './oracle-model';

export interface NamedGraph {
  readonly name: string;
  readonly model: LoweredModel;
}

const objectives: Readonly<Record<string, Objective>> = {
  'language-model': { rows: 'sequences' },
  sigmoid: lossOf({ name: 'sigmoid', beta: 0.1 }),
  robust: lossOf({ name: 'robust', beta: 0.1, labelSmoothing: 0.1 }),
  hinge: lossOf({ name: 'hinge', beta: 0.1 }),
  ipo: lossOf({ name: 'ipo', beta: 0.1 }),
  sigmoid_norm: lossOf({ name: 'sigmoid_norm', beta: 0.1 }),
  simpo: lossOf({ name: 'simpo', beta: 2, gamma: 1 }),
  kto: lossOf({ name: 'kto', beta: 0.1, desirableWeight: 1, undesirableWeight: 1 }),
  'sigmoid with label smoothing': lossOf({ name: 'sigmoid', beta: 0.1, labelSmoothing: 0.1 }),
  'sigmoid with SFT': lossOf({ name: 'sigmoid', beta: 0.1, sftWeight: 1 }),
};

/** More words than rows that are added up by a product with a one-hot matrix. */
const manyWords = { ...oracleConfigs.grouped, vocabSize: 600 };

const models: Readonly<Record<string, ModelConfig>> = { ...oracleConfigs, 'many words': manyWords };

/** What is trained of which models. */
const trained = [
  ...Object.keys(models).map((model) => ({ model, adapter: 'full', lora: null })),
  { model: 'grouped', adapter: 'LoRA', lora: oracleLora },
  { model: 'tied', adapter: 'LoRA with dropout', lora: { ...oracleLora, dropout: 0.1 } },
];

const decodings: Readonly<Record<string, Decoding>> = {
  greedy: { mode: 'greedy' },
  sample: { mode: 'sample', temperature: 0.7 },
  'top k': { mode: 'sample', temperature: 0.7, topK: 5 },
  'top p': { mode: 'sample', temperature: 0.7, topP: 0.9 },
};

const builders = {
  step: buildStep,
  accumulation: buildAccumulation,
  scan: buildScan,
  optimizer: buildOptimizer,
  scoring: buildScoring,
} as const;

function planFor(
  config: ModelConfig,
  profile: GraphProfile,
  trained: Pick<TrainPlan, 'lora' | 'objective'>,
): TrainPlan {
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
  return planTraining({ config, weights: oracleWeights(config), optimizer, profile, ...trained });
}

/** Every objective with LoRA, and everything that can be trained under those of SFT and DPO. */
function* plans(profile: GraphProfile): Generator<readonly [string, TrainPlan]> {
  for (const { model, adapter, lora } of trained)
    for (const [name, objective] of Object.entries(objectives)) {
      const common = name === 'language-model' || name === 'sigmoid';
      if (!common && adapter !== 'LoRA') continue;
      const plan = planFor(models[model]!, profile, { lora, objective });
      yield [[name, adapter, model].join(', '), plan];
    }
}

function* trainingGraphs(profile: GraphProfile): Generator<NamedGraph> {
  for (const [plan, training] of plans(profile))
    for (const prompts of [true, false])
      for (const [kind, build] of Object.entries(builders)) {
        const sequences = training.objective.rows === 'pairs' ? 2 : 1;
        const name = `${plan}, ${kind}, ${prompts ? 'with' : 'without'} prompts`;
        yield { name, model: build(training, { rows: 2, sequences, prompts, maxLength: 16 }) };
      }
}

/** Scores under frozen weights, as the command "logprobs" makes them. */
function* scoringGraphs(profile: GraphProfile): Generator<NamedGraph> {
  for (const [model, config] of Object.entries(models))
    for (const prompts of [true, false]) {
      const source = createSource({ config, weights: oracleWeights(config), lora: null }, new Map());
      const shape = { rows: 2, sequences: 1, prompts, maxLength: 16 } as const;
      const spec = { shape, packed: packedInputs(shape), config, source, logitTokens: profile.logitTokens };
      const name = ['logprobs', model, prompts ? 'with prompts' : 'without prompts'].join(', ');
      yield { name, model: lower(profile, { logprobs: sequenceLogProbabilities(spec) }) };
    }
}

function* generationGraphs(profile: GraphProfile): Generator<NamedGraph> {
  for (const [model, config] of Object.entries(models))
    for (const [rule, decoding] of Object.entries(decodings))
      for (const samples of [1, 2]) {
        const source = createSource({ config, weights: oracleWeights(config), lora: null }, new Map());
        const shape = { rows: 2, samples, promptLength: 8, maxNewTokens: 4, endOfSequence: 1 };
        const outputs = buildGeneration({ config, source, ...shape, decoding });
        yield {
          name: ['generation', rule, model, `${samples} samples`].join(', '),
          model: lower(profile, { ...outputs }),
        };
      }
}

/** Every kind of graph that the trainer makes, small, as a GPU gets them. */
export function* everyGraph(precision: Precision): Generator<NamedGraph> {
  const profile: GraphProfile = { provider: 'cuda', precision, recompute: true };
  for (const each of [profile, { ...profile, recompute: false, logitTokens: 3 }]) {
    yield* trainingGraphs(each);
    yield* scoringGraphs(each);
  }
  yield* generationGraphs(profile);
}
