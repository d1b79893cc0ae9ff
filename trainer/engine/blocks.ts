import { BudgetlineError } from '../../core/failures';
import { ops, sizeOf, type Value } from '../graph';
import type { ParameterSpec } from '../families/define';
import type { Tensor, Weights } from '../tensor';

/** The position of a tensor in its block. */
interface Entry {
  readonly spec: ParameterSpec;
  readonly offset: number;
}

/**
 * Trained tensors, flattened and concatenated in one buffer, as in FSDP's flat parameters. A few buffers cross the
 * session boundary instead of hundreds, and the optimizer updates each as a whole.
 */
export interface Block {
  readonly entries: readonly Entry[];
  readonly size: number;
  readonly decayed: boolean;
}

/** The values of a block: trained tensors, accumulated gradients, AdamW's first and second moments. */
export type BlockKind = 'parameters' | 'gradient' | 'first' | 'second';

/** Name of a block's graph input. The output that replaces it has the prefix "next_". */
export const blockName = (kind: BlockKind, index: number): string => `${kind}${String(index)}`;

/** One flat buffer for each block. */
export type Buffers = readonly Float32Array[];

export const zerosLike = (buffers: Buffers): Buffers => buffers.map(({ length }) => new Float32Array(length));

/** 0.5 MiB of f32, so that an optimizer pass over a block stays within the CPU cache. */
const maxBlockElements = 1 << 17;

function fill(specs: readonly ParameterSpec[], decayed: boolean): Block[] {
  const blocks: { entries: Entry[]; size: number; decayed: boolean }[] = [];
  for (const spec of specs) {
    const size = sizeOf(spec.dims);
    let block = blocks.at(-1);
    if (block === undefined || block.size + size > maxBlockElements) {
      block = { entries: [], size: 0, decayed };
      blocks.push(block);
    }
    block.entries.push({ spec, offset: block.size });
    block.size += size;
  }
  return blocks;
}

/** Assigns parameters to blocks. Those with and without weight decay are never in the same block. */
export function planBlocks(parameters: readonly ParameterSpec[]): readonly Block[] {
  return [true, false].flatMap((decayed) =>
    fill(
      parameters.filter((spec) => spec.decayed === decayed),
      decayed,
    ),
  );
}

/** Splits a block's value [size] into its tensors, by name. */
export function splitBlock(block: Block, value: Value): ReadonlyMap<string, Value> {
  const sizes = block.entries.map(({ spec }) => sizeOf(spec.dims));
  const parts = ops.split(value, 0, sizes);
  return new Map(
    block.entries.flatMap(({ spec }, index) => {
      const part = parts[index];
      return part === undefined ? [] : [[spec.name, ops.reshape(part, spec.dims)] as const];
    }),
  );
}

/** The tensor of this name. @throws CONFIG_INVALID if it is missing or has other dimensions. */
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

/** Copies tensors into new buffers, one for each block. */
export function packBlocks(blocks: readonly Block[], tensors: Weights): Float32Array[] {
  return blocks.map((block) => {
    const data = new Float32Array(block.size);
    for (const { spec, offset } of block.entries) data.set(requireTensor(tensors, spec).data, offset);
    return data;
  });
}

/** Copies tensors out of their buffers. */
export function unpackBlocks(
  blocks: readonly Block[],
  buffers: readonly Float32Array[],
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [index, block] of blocks.entries())
    for (const { spec, offset } of block.entries) {
      const data = (buffers[index] ?? new Float32Array()).slice(offset, offset + sizeOf(spec.dims));
      tensors.set(spec.name, { dims: spec.dims, data });
    }
  return tensors;
}
