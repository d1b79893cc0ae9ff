import assert from 'node:assert/strict';
import { everyGraph } from '../support/every-graph';
import { hasCudaKernel, typedNodes, type TypedNode } from '../support/model-nodes';

/** Operators that are meant to run on the CPU when the others run on a GPU, and why. */
const onCpu: Readonly<Record<string, string>> = {
  BitShift: 'mixes the random words of dropout; CUDA has it for no type',
  BitwiseXor: 'mixes the random words of dropout; CUDA has it for no type',
};

const describeNode = ({ operator, types }: TypedNode): string =>
  `${operator} of ${Object.values(types).join(', ')}`;

describe('pure: kernels of the CUDA provider', () => {
  for (const precision of ['f32', 'f16', 'bf16'] as const)
    it(`${precision}: there is one for every node of every graph`, () => {
      const [lacking, met] = [new Map<string, string>(), new Set<string>()];
      for (const { name, model } of everyGraph(precision))
        for (const node of typedNodes(model.bytes)) {
          met.add(node.operator);
          if (!hasCudaKernel(node) && onCpu[node.operator] === undefined)
            lacking.set(describeNode(node), name);
        }
      assert.deepEqual([...lacking], [], 'nodes without a kernel, and a graph that has them');
      const idle = Object.keys(onCpu).filter((operator) => !met.has(operator));
      assert.deepEqual(idle, [], 'listed for the CPU, and in no graph');
    });

  it('know the types that they lack', () => {
    const pad = (T: string): TypedNode => ({ operator: 'Pad', types: { T, int64: 'int64' } });
    assert.deepEqual(
      ['float', 'float16', 'bfloat16'].map((type) => hasCudaKernel(pad(type))),
      [true, true, false],
    );
  });
});
