import assert from 'node:assert/strict';
import { lossOf } from '../../../../losses/registry';
import type { PairRow } from '../../../../trainer/rows';
import { differentiate, ops, type Value } from '../../../../trainer/graph';
import { createSource } from '../../../../trainer/engine/train-graphs';
import { packedFeeds, planPacking, shapeOf } from '../../../../trainer/engine/packing';
import { packedInputs } from '../../../../trainer/model/packed-decoder';
import { buildLosses } from '../../../../trainer/model/objectives';
import { loraParameters } from '../../../../trainer/model/parameters';
import { fusedOps, referenceOps, type DecoderOps } from '../../../../trainer/families/decoder-ops';
import {
  oracleAdapter,
  oracleConfigs,
  oracleLora,
  oracleRows,
  oracleWeights,
  type OracleKind,
} from '../../../support/trainer/oracle-model';
import {
  inputOf,
  noiseTensor as n,
  relativeError,
  runGraph,
  type Feeds,
} from '../../../support/trainer/run-graph';

type Build = (decoderOps: DecoderOps, inputs: readonly Value[]) => Value;

const half = 2;
const angles = Float32Array.from({ length: 6 * half }, (_, i) => 0.4 * i);
const tables = {
  cos: ops.constant(angles.map(Math.cos), [6, half]),
  sin: ops.constant(angles.map(Math.sin), [6, half]),
};

/** Each op on small inputs. */
const cases: Readonly<Record<keyof DecoderOps, readonly [readonly (readonly number[])[], Build]>> = {
  rmsNorm: [[[5, 8], [8]], (decoderOps, [x, w]) => decoderOps.rmsNorm(x!, w!, 1e-5)],
  rope: [
    [[2, 3, 8]],
    (decoderOps, [x]) => decoderOps.rope(x!, { ...tables, positions: ops.integers([2]) }, 2),
  ],
  swiglu: [
    [
      [4, 6],
      [4, 6],
    ],
    (decoderOps, [gate, up]) => decoderOps.swiglu(gate!, up!),
  ],
  lora: [
    [
      [5, 4],
      [3, 4],
      [2, 4],
      [3, 2],
    ],
    (decoderOps, [x, w, a, b]) => decoderOps.lora(x!, w!, { a: a!, b: b! }, 1.5),
  ],
  logProbability: [
    [[4, 7]],
    (decoderOps, [logits]) => decoderOps.logProbability(logits!, ops.integers([6, 0, 3, 3]))[0],
  ],
};

async function evaluate(decoderOps: DecoderOps, [shapes, build]: (typeof cases)[keyof DecoderOps]) {
  const tensors = shapes.map((dims, index) => n(dims, index, 1.5));
  const leaves = tensors.map((tensor, index) => inputOf(`x${index}`, tensor));
  // The frozen weight of an adapted module gets no gradient.
  const trained = leaves.filter((_, index) => !(build === cases.lora[1] && index === 1));
  const y = build(decoderOps, leaves);
  const probe = n(y.shape, 99);
  const gradients = differentiate(ops.sum(ops.mul(y, inputOf('probe', probe))), trained);
  const outputs = { y, ...Object.fromEntries(gradients.map((gradient, index) => [`g${index}`, gradient])) };
  const feeds = Object.fromEntries(tensors.map((tensor, index) => [`x${index}`, tensor]));
  return runGraph(outputs, { ...feeds, probe });
}

describe('fused ops against reference ops', () => {
  for (const [name, some] of Object.entries(cases))
    it(`${name}: value and gradients`, async () => {
      const [fused, reference] = [await evaluate(fusedOps, some), await evaluate(referenceOps, some)];
      assert.deepEqual([...fused.keys()], [...reference.keys()]);
      for (const [output, values] of fused)
        assert.ok(relativeError(values, reference.get(output)!) < 2e-6, output);
    });
});

/** Loss and gradients of a whole model with the given ops. */
async function evaluateModel(kind: OracleKind, decoderOps: DecoderOps, preference: boolean) {
  const config = oracleConfigs[kind];
  const lora = preference ? oracleLora : null;
  const values = preference ? oracleAdapter(config) : oracleWeights(config);
  const specs = preference ? loraParameters(config, oracleLora) : config.family.parameters(config);
  const leaves = new Map(specs.map(({ name, dims }) => [name, ops.input(name, 'f32', dims)]));
  const source = createSource({ config, lora, weights: oracleWeights(config) }, leaves);
  const rows = preference ? modelPairs() : [oracleRows[0], oracleRows[1], oracleRows[3]];
  const shape = shapeOf(rows, { microBatchSize: 3, maxLength: 24 });
  const objective = preference ? lossOf({ name: 'sigmoid', beta: 0.5 }) : ({ rows: 'sequences' } as const);
  const { loss } = buildLosses(objective, { shape, packed: packedInputs(shape), config, source, decoderOps });
  const gradients = differentiate(loss, [...leaves.values()]);
  const outputs = Object.fromEntries(
    [...leaves.keys()].map((name, index) => [`d ${name}`, gradients[index]!]),
  );
  const feeds = { ...packedFeeds(planPacking(rows, shape), shape), ...lossFeeds };
  return runGraph({ loss, ...outputs }, { ...Object.fromEntries(values), ...feeds });
}

/** Two pairs. The third row of the batch is empty. */
function modelPairs(): PairRow[] {
  const [a, , c, d] = oracleRows;
  return [
    { chosen: a, rejected: { ids: Int32Array.of(...a.ids.subarray(0, 7), 3, 1), completionStart: 5 } },
    { chosen: c, rejected: d },
  ].map((pair) => ({ ...pair, referenceChosen: -20, referenceRejected: -18 }));
}

const lossFeeds: Feeds = {
  inverse_denominator: { dims: [], data: Float32Array.of(0.25) },
  reference: { dims: [6], data: Float32Array.of(-20, -20, 0, -18, -18, 0) },
  pair_weights: { dims: [3], data: Float32Array.of(1, 1, 0) },
};

describe('models with fused ops against models with reference ops', () => {
  for (const kind of ['tied', 'grouped'] as const)
    for (const preference of [false, true])
      it(`${kind}, ${preference ? 'DPO with LoRA' : 'language modelling'}: loss and every gradient`, async () => {
        const fused = await evaluateModel(kind, fusedOps, preference);
        const reference = await evaluateModel(kind, referenceOps, preference);
        assert.ok(Math.abs(fused.get('loss')![0]! / reference.get('loss')![0]! - 1) < 1e-6);
        for (const [name, values] of fused)
          // A key bias shifts all scores of a query equally, so its gradient is 0 except for rounding.
          if (!name.endsWith('k_proj.bias'))
            assert.ok(relativeError(values, reference.get(name)!) < 1e-5, name);
      });
});
