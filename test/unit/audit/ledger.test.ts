import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { LedgerEntry } from '../../../schemas/ledger';
import { createFolderStore, type Chain } from '../../../store';
import { folderLayout } from '../../../store/folder';
import { temporaryFolder } from '../../support/temporary';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

function lost(fence: number, reason = 'gone'): LedgerEntry {
  return { type: 'attempt-lost', stage: sha('stage'), kind: 'trainSft', fence, reason, paid: null };
}

const held = { check: () => Promise.resolve() };

describe('ledger', () => {
  const folder = temporaryFolder();

  const pathOf = (name: string): string => folderLayout(folder.path()).part({ stage: sha(name) });
  const chainOf = (name: string): Chain => createFolderStore(folder.path()).chain({ stage: sha(name) });
  const append = (name: string, entry: LedgerEntry): Promise<string> => chainOf(name).append(entry, held);

  async function write(name: string, lines: number): Promise<string> {
    for (let n = 1; n <= lines; n++) await append(name, lost(n));
    return pathOf(name);
  }

  it('links every line to the bytes of the line before; its head is the hash of the last line', async () => {
    const path = await write('links', 3);
    const chain = chainOf('links');
    const raw = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const lines = await chain.read();
    assert.deepEqual(
      lines.map(({ sequence, previous }) => ({ sequence, previous })),
      [
        { sequence: 0, previous: '0'.repeat(64) },
        { sequence: 1, previous: sha(raw[0] ?? '') },
        { sequence: 2, previous: sha(raw[1] ?? '') },
      ],
    );
    assert.equal(await chain.head(), sha(raw[2] ?? ''));
    assert.equal(await append('links', lost(4)), await chain.head());
  });

  it('is empty and has no head if the file does not exist', async () => {
    assert.deepEqual(await chainOf('none').read(), []);
    assert.equal(await chainOf('none').head(), null);
  });

  it('appends after lines that are longer than one read', async () => {
    for (const size of [10, 100_000, 17_000, 16_384, 5]) await append('long', lost(1, 'x'.repeat(size)));
    assert.equal((await chainOf('long').read()).length, 5);
  });

  for (const cut of [1, 20, 150])
    it(`cuts a last line torn ${cut} bytes before its end, and records it`, async () => {
      const name = `torn-${cut}`;
      const path = await write(name, 3);
      const whole = await readFile(path);
      await writeFile(path, whole.subarray(0, whole.length - cut));
      assert.equal((await chainOf(name).read()).length, 2, 'a reader skips the torn line');
      await append(name, lost(9));
      const lines = await chainOf(name).read();
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
    await createFolderStore(folder.path()).prepare();
    await writeFile(pathOf('first'), '{"sequ');
    await append('first', lost(1));
    assert.deepEqual(
      (await chainOf('first').read()).map(({ type }) => type),
      ['line-healed', 'attempt-lost'],
    );
  });

  async function assertNamed(path: string, line: number): Promise<void> {
    await assert.rejects(chainOf('tampered').read(), { code: 'LEDGER_CORRUPT', details: { path, line } });
  }

  it('names the line that breaks the chain: changed, removed, moved or invalid', async () => {
    const path = await write('tampered', 5);
    const raw = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const replace = (lines: (string | undefined)[]): Promise<void> =>
      writeFile(path, `${lines.join('\n')}\n`);
    await replace([raw[0], raw[1]?.replace('gone', 'here'), ...raw.slice(2)]);
    await assertNamed(path, 3);
    await replace([raw[0], ...raw.slice(2)]);
    await assertNamed(path, 2);
    await replace([raw[0], raw[2], raw[1], raw[3], raw[4]]);
    await assertNamed(path, 2);
    await replace([raw[0], raw[1], '{"sequence":2}', ...raw.slice(3)]);
    await assertNamed(path, 3);
    await replace(raw);
    assert.equal((await chainOf('tampered').read()).length, 5);
  });

  it('says that another version wrote a line that follows from the one before it', async () => {
    const path = await write('foreign', 2);
    const [first = '', second = ''] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const fields = { ...(JSON.parse(second) as object), paid: undefined };
    await writeFile(path, `${first}\n${JSON.stringify(fields)}\n`);
    await assert.rejects(chainOf('foreign').read(), {
      code: 'FORMAT_UNSUPPORTED',
      message: /another version/,
      details: { path, line: 2 },
    });
  });

  it('appends nothing after an invalid last line', async () => {
    const path = await write('damaged', 1);
    await appendFile(path, 'not a line\n');
    await assert.rejects(append('damaged', lost(2)), { code: 'LEDGER_CORRUPT', details: { path } });
  });
});
