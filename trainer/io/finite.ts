import { BudgetlineError } from '../../core/failures';
import type { Tensor } from '../tensor';

/** The bits of an f32 exponent: all of them are set in NaN and in infinities. */
const exponent = 0x7f80_0000;

function firstOdd({ data }: Tensor): number {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let at = 0; at < bits.length; at += 1) if ((bits[at]! & exponent) === exponent) return at;
  return -1;
}

/**
 * The tensor, whose values are numbers.
 *
 * @throws BudgetlineError CONFIG_INVALID naming the tensor and the value
 */
export function requireFinite(path: string, name: string, tensor: Tensor): Tensor {
  const at = firstOdd(tensor);
  if (at < 0) return tensor;
  throw new BudgetlineError(
    'CONFIG_INVALID',
    `${path}: tensor "${name}" has ${String(tensor.data[at])} at index ${at}.`,
    {
      remedy: 'Every weight must be a finite number: download the file again, or convert it from its source.',
      details: { path, tensor: name },
    },
  );
}
