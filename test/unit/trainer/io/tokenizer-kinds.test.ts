import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openTokenizer, type Tokenizer } from '../../../../trainer/io/tokenizer';

const oracles = resolve(__dirname, '..', '..', '..', 'oracles', 'tokenizers');
const read = (name: string): unknown => JSON.parse(readFileSync(join(oracles, name), 'utf8'));

/** Short hashes of the results of Python's tokenizers, one per line of lines.json. */
interface Stored {
  readonly starts: readonly string[];
  readonly continuations: readonly string[];
  readonly decoded: readonly string[];
  readonly tokens: number;
}
const lines = read('lines.json') as string[];
const { kinds } = read('ids.json') as { kinds: Record<string, Stored> };

const brief = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);

function assertLines(name: string, expected: readonly string[], make: (line: string) => unknown): void {
  const wrong = lines.filter((line, at) => brief(make(line)) !== expected[at]);
  assert.deepEqual(wrong, [], `${name} of ${wrong.length} lines differ`);
}

const settings = { config: { vocabSize: 2000 }, endOfSequence: [] };

describe('tokenizers against Python, on a thousand lines', () => {
  for (const [kind, stored] of Object.entries(kinds))
    describe(kind, () => {
      let tokenizer: Tokenizer;
      before(async () => {
        tokenizer = await openTokenizer(join(oracles, kind), settings);
      });

      it('ids of a text that starts a sequence', () => {
        assert.equal(lines.length, 1000);
        let tokens = 0;
        assertLines('ids', stored.starts, (line) => {
          const ids = tokenizer.encodeStart(line);
          tokens += ids.length;
          return ids;
        });
        assert.equal(tokens, stored.tokens);
      });

      it('ids of a text that continues a line', () => {
        assertLines('ids', stored.continuations, (line) => tokenizer.encode(line));
      });

      it('text of ids', () => {
        // The JavaScript library drops byte-order marks when it decodes; the oracle ignores only that.
        assertLines('texts', stored.decoded, (line) =>
          tokenizer.decode(tokenizer.encode(line)).replaceAll('\ufeff', ''),
        );
      });
    });

  it('a token outside of the model’s vocabulary is refused by id', async () => {
    const small = await openTokenizer(join(oracles, 'qwen2'), { ...settings, config: { vocabSize: 300 } });
    assert.throws(() => small.encode('the quick brown fox'), {
      code: 'CONFIG_INVALID',
      message: /token \d+.*"vocab_size" is 300/,
    });
  });
});
