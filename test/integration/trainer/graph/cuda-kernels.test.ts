import assert from 'node:assert/strict';
import { everyGraph } from '../../../support/trainer/every-graph';
import { hasCudaKernel, typedNodes, type TypedNode } from '../../../support/trainer/model-nodes';

/** Operators that run on the CPU although the others run on a GPU, and why. */
const onCpu: Readonly<Record<string, string>> = {
  BitShift: 'hashes the random words of dropout; CUDA has no kernel for any type',
  BitwiseXor: 'hashes the random words of dropout; CUDA has no kernel for any type',
};

const describeNode = ({ operator, types }: TypedNode): string =>
  `${operator} of ${Object.values(types).join(', ')}`;

describe('kernels of the CUDA provider', () => {
  for (const precision of ['f32', 'f16', 'bf16'] as const)
    it(`${precision}: exist for every node of every graph`, () => {
      const [missing, seen] = [new Map<string, string>(), new Set<string>()];
      for (const { name, model } of everyGraph(precision))
        for (const node of typedNodes(model.bytes)) {
          seen.add(node.operator);
          if (!hasCudaKernel(node) && onCpu[node.operator] === undefined)
            missing.set(describeNode(node), name);
        }
      assert.deepEqual([...missing], [], 'nodes without a kernel, each with a graph that has it');
      const unused = Object.keys(onCpu).filter((operator) => !seen.has(operator));
      assert.deepEqual(unused, [], 'listed for the CPU, but in no graph');
    });

  it('are missing for some types, and the check finds that', () => {
    const pad = (T: string): TypedNode => ({ operator: 'Pad', types: { T, int64: 'int64' } });
    assert.deepEqual(
      ['float', 'float16', 'bfloat16'].map((type) => hasCudaKernel(pad(type))),
      [true, true, false],
    );
  });
});
