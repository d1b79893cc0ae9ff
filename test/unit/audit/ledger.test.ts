import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { LedgerEntry } from '../../../schemas/ledger';
import { appendLine, ledgerHead, readLedger } from '../../../audit';
import { temporaryFolder } from '../../support/temporary';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

function lost(fence: number, reason = 'gone'): LedgerEntry {
  return { type: 'attempt-lost', stage: sha('stage'), kind: 'trainSft', fence, reason };
}

describe('pure: ledger', () => {
  const folder = temporaryFolder();

  async function chain(name: string, lines: number): Promise<string> {
    const path = folder.at('deep', `${name}.jsonl`);
    for (let n = 1; n <= lines; n++) await appendLine(path, lost(n));
    return path;
  }

  it('links every line to the bytes of the line before; its head is the hash of the last line', async () => {
    const path = await chain('links', 3);
    const raw = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const lines = await readLedger(path);
    assert.deepEqual(
      lines.map(({ sequence, previous }) => ({ sequence, previous })),
      [
        { sequence: 0, previous: '0'.repeat(64) },
        { sequence: 1, previous: sha(raw[0] ?? '') },
        { sequence: 2, previous: sha(raw[1] ?? '') },
      ],
    );
    assert.equal(await ledgerHead(path), sha(raw[2] ?? ''));
    assert.equal(await appendLine(path, lost(4)), await ledgerHead(path));
  });

  it('is empty and has no head if the file does not exist', async () => {
    assert.deepEqual(await readLedger(folder.at('none.jsonl')), []);
    assert.equal(await ledgerHead(folder.at('none.jsonl')), null);
  });

  it('appends after lines that are longer than one read', async () => {
    const path = folder.at('long.jsonl');
    for (const size of [10, 100_000, 17_000, 16_384, 5]) await appendLine(path, lost(1, 'x'.repeat(size)));
    assert.equal((await readLedger(path)).length, 5);
  });

  for (const cut of [1, 20, 150])
    it(`cuts a last line torn ${cut} bytes before its end, and records it`, async () => {
      const path = await chain(`torn-${cut}`, 3);
      const whole = await readFile(path);
      await writeFile(path, whole.subarray(0, whole.length - cut));
      assert.equal((await readLedger(path)).length, 2, 'a reader skips the torn line');
      await appendLine(path, lost(9));
      const lines = await readLedger(path);
      assert.deepEqual(
        lines.map(({ type }) => type),
        ['attempt-lost', 'attempt-lost', 'line-healed', 'attempt-lost'],
      );
      const healed = lines[2];
      assert.ok(healed?.type === 'line-healed');
      const third = whole.toString().trimEnd().split('\n')[2] ?? '';
      assert.equal(healed.text, third.slice(0, third.length + 1 - cut));
      assert.equal(healed.bytes, healed.text.length);
    });

  it('repairs a torn first line', async () => {
    const path = folder.at('first.jsonl');
    await writeFile(path, '{"sequ');
    await appendLine(path, lost(1));
    assert.deepEqual(
      (await readLedger(path)).map(({ type }) => type),
      ['line-healed', 'attempt-lost'],
    );
  });

  async function assertNamed(path: string, line: number): Promise<void> {
    await assert.rejects(readLedger(path), { code: 'LEDGER_CORRUPT', details: { path, line } });
  }

  it('names the line that breaks the chain: changed, removed, moved or invalid', async () => {
    const path = await chain('tampered', 5);
    const raw = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const write = (lines: (string | undefined)[]): Promise<void> => writeFile(path, `${lines.join('\n')}\n`);
    await write([raw[0], raw[1]?.replace('gone', 'here'), ...raw.slice(2)]);
    await assertNamed(path, 3);
    await write([raw[0], ...raw.slice(2)]);
    await assertNamed(path, 2);
    await write([raw[0], raw[2], raw[1], raw[3], raw[4]]);
    await assertNamed(path, 2);
    await write([raw[0], raw[1], '{"sequence":2}', ...raw.slice(3)]);
    await assertNamed(path, 3);
    await write(raw);
    assert.equal((await readLedger(path)).length, 5);
  });

  it('appends nothing after an invalid last line', async () => {
    const path = await chain('damaged', 1);
    await appendFile(path, 'not a line\n');
    await assert.rejects(appendLine(path, lost(2)), { code: 'LEDGER_CORRUPT', details: { path } });
  });
});
