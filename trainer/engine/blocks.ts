import { BudgetlineError } from '../../contracts/failures';
import { ops, sizeOf, type Value } from '../graph';
import type { ParameterSpec } from '../model/parameters';
import type { Tensor, Weights } from './types';

/** Where a named tensor lies in its block. */
interface Place {
  readonly spec: ParameterSpec;
  readonly offset: number;
}

/**
 * Trained tensors that lie one after another in one flat buffer. A few buffers cross the boundary of a session
 * instead of hundreds, and the optimiser runs over each in one go.
 */
export interface Block {
  readonly places: readonly Place[];
  readonly size: number;
  readonly decayed: boolean;
}

/** About half a mebibyte of f32, so that an optimiser pass over a block stays within the processor's cache. */
const blockElements = 1 << 17;

function fill(specs: readonly ParameterSpec[], decayed: boolean): Block[] {
  const blocks: { places: Place[]; size: number; decayed: boolean }[] = [];
  for (const spec of specs) {
    const size = sizeOf(spec.dims);
    let block = blocks.at(-1);
    if (block === undefined || block.size + size > blockElements) {
      block = { places: [], size: 0, decayed };
      blocks.push(block);
    }
    block.places.push({ spec, offset: block.size });
    block.size += size;
  }
  return blocks;
}

/** Lays parameters out in blocks; those without weight decay in blocks of their own. */
export function planBlocks(parameters: readonly ParameterSpec[]): readonly Block[] {
  return [true, false].flatMap((decayed) =>
    fill(
      parameters.filter((spec) => spec.decayed === decayed),
      decayed,
    ),
  );
}

/** Views of the tensors in a block's value [size], by name. */
export function splitBlock(block: Block, value: Value): ReadonlyMap<string, Value> {
  const sizes = block.places.map(({ spec }) => sizeOf(spec.dims));
  const parts = ops.split(value, 0, sizes);
  return new Map(
    block.places.flatMap(({ spec }, index) => {
      const part = parts[index];
      return part === undefined ? [] : [[spec.name, ops.reshape(part, spec.dims)] as const];
    }),
  );
}

/** A tensor of the given dimensions, or an error that names it. */
export function requireTensor(
  tensors: Weights,
  { name, dims }: Pick<ParameterSpec, 'name' | 'dims'>,
): Tensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new BudgetlineError('CONFIG_INVALID', `The tensor ${name} is missing.`);
  if (tensor.dims.join() !== dims.join() || tensor.data.length !== sizeOf(dims))
    throw new BudgetlineError(
      'CONFIG_INVALID',
      `The tensor ${name} is [${tensor.dims.join(', ')}], where the model needs [${dims.join(', ')}].`,
    );
  return tensor;
}

/** Copies tensors into fresh buffers, one a block. */
export function packBlocks(blocks: readonly Block[], tensors: Weights): Float32Array[] {
  return blocks.map((block) => {
    const data = new Float32Array(block.size);
    for (const { spec, offset } of block.places) data.set(requireTensor(tensors, spec).data, offset);
    return data;
  });
}

/** Copies the tensors out of the buffers. */
export function unpackBlocks(
  blocks: readonly Block[],
  buffers: readonly Float32Array[],
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [index, block] of blocks.entries())
    for (const { spec, offset } of block.places) {
      const data = (buffers[index] ?? new Float32Array()).slice(offset, offset + sizeOf(spec.dims));
      tensors.set(spec.name, { dims: spec.dims, data });
    }
  return tensors;
}
