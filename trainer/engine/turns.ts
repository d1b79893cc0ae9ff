import { endsOf, nameInTurn, overTurns, turnCount, type Carried } from '../graph';
import type { BufferData, BufferTensor } from '../runtime';
import type { Feeds, Results } from './figures';
import { vectorTensor } from './packing';

function join(parts: readonly BufferData[]): BufferTensor {
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const data = parts[0] instanceof Float32Array ? new Float32Array(size) : new Int32Array(size);
  let at = 0;
  for (const part of parts) {
    if (part instanceof BigInt64Array) throw new RangeError('no input of a turn has 64-bit integers');
    data.set(part, at);
    at += part.length;
  }
  return vectorTensor(data);
}

function endsAmong(parts: readonly BufferData[]): BufferTensor {
  let end = 0;
  const ends = [0, ...parts.map(({ length }) => (end += length))];
  return { dims: [ends.length], data: BigInt64Array.from(ends, BigInt) };
}

/** The inputs of a repeated graph: those of its turns, which have the same names, and what is carried into the first. */
export function stackTurns(turns: readonly Feeds[], carried: Feeds): Feeds {
  const feeds: Feeds = { [turnCount]: { dims: [], data: BigInt64Array.of(BigInt(turns.length)) } };
  for (const [name, tensor] of Object.entries(carried)) feeds[overTurns(name)] = tensor;
  for (const name of Object.keys(turns[0] ?? {})) {
    const parts = turns.map((turn) => turn[name]!.data);
    feeds[overTurns(name)] = join(parts);
    feeds[endsOf(name)] = endsAmong(parts);
  }
  return feeds;
}

function stretchOf({ data, dims }: BufferTensor, turn: number, turns: number): BufferTensor {
  const size = data.length / turns;
  return { dims: dims.slice(1), data: data.subarray(turn * size, (turn + 1) * size) };
}

/** What a repeated graph returned: what the last turn carried on, and everything else turn by turn. */
export function readTurns(
  results: Results,
  carried: Carried,
  turns: number,
): { readonly last: Results; readonly turns: readonly Results[] } {
  const handed = new Map([...carried.values()].map((name) => [overTurns(name), name]));
  const last = new Map<string, BufferTensor>();
  const each = Array.from({ length: turns }, () => new Map<string, BufferTensor>());
  for (const [name, tensor] of results) {
    const own = handed.get(name);
    if (own !== undefined) last.set(own, tensor);
    else each.forEach((turn, index) => turn.set(nameInTurn(name), stretchOf(tensor, index, turns)));
  }
  return { last, turns: each };
}
