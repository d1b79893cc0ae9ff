import { z } from 'zod';
import { BudgetlineError } from '../../core/failures';
import type { SequenceRow } from '../rows';
import { readJsonLines, rowFailure } from '../io/jsonl';
import type { Tokenizer } from '../io/tokenizer';

const documentRow = z.strictObject({ text: z.string().min(1) });

/** A growing Int32Array: four bytes per id, half of an array of numbers. */
class IdBuffer {
  private buffer = new Int32Array(1 << 16);
  private used = 0;

  push(ids: readonly number[]): void {
    while (this.used + ids.length > this.buffer.length) {
      const larger = new Int32Array(this.buffer.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer.set(ids, this.used);
    this.used += ids.length;
  }

  view(): Int32Array {
    return this.buffer.subarray(0, this.used);
  }
}

/**
 * Reads documents, joins them with the end-of-sequence id and splits them into blocks of `contextLength`. Every position of
 * a block but the first is supervised. A last, incomplete block is dropped.
 */
export async function readBlocks(
  path: string,
  options: { tokenizer: Tokenizer; contextLength: number },
): Promise<SequenceRow[]> {
  const { tokenizer, contextLength } = options;
  const buffer = new IdBuffer();
  for await (const { line, row } of readJsonLines(path, documentRow)) {
    const ids = tokenizer.encodeStart(row.text);
    if (ids.length === 0) throw rowFailure(path, line, 'field "text" has no tokens', { field: 'text' });
    buffer.push([...ids, tokenizer.endOfSequence]);
  }
  const ids = buffer.view();
  const blocks: SequenceRow[] = [];
  for (let start = 0; start + contextLength <= ids.length; start += contextLength)
    blocks.push({ ids: ids.subarray(start, start + contextLength), completionStart: 1 });
  if (blocks.length > 0) return blocks;
  throw new BudgetlineError(
    'DATA_INVALID',
    `${path} has fewer than ${contextLength} tokens, not enough for one block.`,
    { details: { path, field: 'contextLength' } },
  );
}
