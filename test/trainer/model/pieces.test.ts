import assert from 'node:assert/strict';
import type { PairRow } from '../../../trainer/engine';
import { differentiate, ops, type Value } from '../../../trainer/graph';
import { createSource } from '../../../trainer/engine/train-graphs';
import { packStream, planStream, shapeOf } from '../../../trainer/engine/streams';
import { streamInputs } from '../../../trainer/model/stream';
import { buildLosses } from '../../../trainer/model/objectives';
import { loraParameters, modelParameters } from '../../../trainer/model/parameters';
import { fusedPieces, plainPieces, type Pieces } from '../../../trainer/model/pieces';
import {
  oracleAdapter,
  oracleConfigs,
  oracleLora,
  oracleRows,
  oracleWeights,
  type OracleKind,
} from '../support/oracle-model';
import { inputOf, noiseTensor as n, relativeError, runGraph, type Feeds } from '../support/run-graph';

type Build = (pieces: Pieces, inputs: readonly Value[]) => Value;

const half = 2;
const angles = Float32Array.from({ length: 6 * half }, (_, i) => 0.4 * i);
const tables = {
  cos: ops.constant(angles.map(Math.cos), [6, half]),
  sin: ops.constant(angles.map(Math.sin), [6, half]),
};

/** Each piece on small inputs. */
const cases: Readonly<Record<keyof Pieces, readonly [readonly (readonly number[])[], Build]>> = {
  norm: [[[5, 8], [8]], (pieces, [x, w]) => pieces.norm(x!, w!, 1e-5)],
  rotate: [[[2, 3, 8]], (pieces, [x]) => pieces.rotate(x!, { ...tables, positions: ops.integers([2]) }, 2)],
  gate: [
    [
      [4, 6],
      [4, 6],
    ],
    (pieces, [gate, up]) => pieces.gate(gate!, up!),
  ],
  adapt: [
    [
      [5, 4],
      [3, 4],
      [2, 4],
      [3, 2],
    ],
    (pieces, [x, w, a, b]) => pieces.adapt(x!, w!, { a: a!, b: b! }, 1.5),
  ],
  score: [[[4, 7]], (pieces, [logits]) => pieces.score(logits!, ops.integers([6, 0, 3, 3]))[0]],
};

async function evaluate(pieces: Pieces, [shapes, build]: (typeof cases)[keyof Pieces]) {
  const tensors = shapes.map((dims, index) => n(dims, index, 1.5));
  const leaves = tensors.map((tensor, index) => inputOf(`x${index}`, tensor));
  // The frozen weight of an adapted module gets no gradient.
  const trained = leaves.filter((_, index) => !(build === cases.adapt[1] && index === 1));
  const y = build(pieces, leaves);
  const probe = n(y.shape, 99);
  const gradients = differentiate(ops.sum(ops.mul(y, inputOf('probe', probe))), trained);
  const outputs = { y, ...Object.fromEntries(gradients.map((gradient, index) => [`g${index}`, gradient])) };
  const feeds = Object.fromEntries(tensors.map((tensor, index) => [`x${index}`, tensor]));
  return runGraph(outputs, { ...feeds, probe });
}

describe('pure: fused pieces against plain ones', () => {
  for (const [name, some] of Object.entries(cases))
    it(`${name}: value and gradients`, async () => {
      const [fused, plain] = [await evaluate(fusedPieces, some), await evaluate(plainPieces, some)];
      assert.deepEqual([...fused.keys()], [...plain.keys()]);
      for (const [output, values] of fused)
        assert.ok(relativeError(values, plain.get(output)!) < 2e-6, output);
    });
});

/** Loss and gradients of a whole model from either pieces. */
async function evaluateModel(kind: OracleKind, pieces: Pieces, preference: boolean) {
  const config = oracleConfigs[kind];
  const lora = preference ? oracleLora : null;
  const values = preference ? oracleAdapter(config) : oracleWeights(config);
  const specs = preference ? loraParameters(config, oracleLora) : modelParameters(config);
  const leaves = new Map(specs.map(({ name, dims }) => [name, ops.input(name, 'f32', dims)]));
  const source = createSource({ config, lora, weights: oracleWeights(config) }, leaves);
  const rows = preference ? modelPairs() : [oracleRows[0], oracleRows[1], oracleRows[3]];
  const shape = shapeOf(rows, { microBatchSize: 3, maxLength: 24 });
  const objective = preference
    ? ({ name: 'sigmoid', beta: 0.5 } as const)
    : ({ name: 'language-model' } as const);
  const { loss } = buildLosses(objective, { shape, stream: streamInputs(shape), config, source, pieces });
  const gradients = differentiate(loss, [...leaves.values()]);
  const outputs = Object.fromEntries(
    [...leaves.keys()].map((name, index) => [`d ${name}`, gradients[index]!]),
  );
  const feeds = { ...packStream(planStream(rows, shape), shape), ...lossFeeds };
  return runGraph({ loss, ...outputs }, { ...Object.fromEntries(values), ...feeds });
}

/** Two pairs, the third row of the batch being empty. */
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

describe('pure: whole models from fused and from plain pieces', () => {
  for (const kind of ['tied', 'grouped'] as const)
    for (const preference of [false, true])
      it(`${kind}, ${preference ? 'DPO with LoRA' : 'language modelling'}: loss and every gradient`, async () => {
        const fused = await evaluateModel(kind, fusedPieces, preference);
        const plain = await evaluateModel(kind, plainPieces, preference);
        assert.ok(Math.abs(fused.get('loss')![0]! / plain.get('loss')![0]! - 1) < 1e-6);
        for (const [name, values] of fused)
          // A bias on keys shifts all scores of a query alike: its gradient is 0 but for rounding.
          if (!name.endsWith('k_proj.bias')) assert.ok(relativeError(values, plain.get(name)!) < 1e-5, name);
      });
});
