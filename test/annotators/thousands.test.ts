import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buyRows, callsAtOnce } from '../support/asked-rows';
import { type EndpointServer, reply, send, startEndpoint } from '../support/endpoint-server';
import { temporaryFolder } from '../support/temporary';

const rows = 2000;

/** The prompts whose answers are on the disk; the server answers with the prompt itself. */
function journaled(home: string): string[] {
  const annotations = join(home, 'store', 'annotations');
  const [folder = ''] = readdirSync(annotations);
  const whole = readFileSync(join(annotations, folder, 'journal.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1);
  return whole.map((line) => (JSON.parse(line) as { answer: string }).answer);
}

describe('slow: thousands of rows in one activity', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let server: EndpointServer;
  let asked: string[] = [];
  let onAnswer = (): void => undefined;
  before(async () => {
    server = await startEndpoint((response, { messages }) => {
      const prompt = messages.at(-1)?.content ?? '';
      asked.push(prompt);
      send(response, 200, reply(JSON.stringify({ answer: prompt })));
      onAnswer();
    });
  });
  after(() => server.close());

  async function killInMidBatch(home: string): Promise<void> {
    const script = resolve(__dirname, '../support/asking-process.ts');
    const argv = ['-r', 'ts-node/register/transpile-only', script, home, server.baseUrl, String(rows)];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'] });
    onAnswer = () => {
      if (asked.length === rows / 2) child.kill('SIGKILL');
    };
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
  }

  it('killed in mid-batch, goes on with what is not on the disk, and its result is no longer for it', async () => {
    const home = folder.at('home');
    await killInMidBatch(home);
    const [kept, before] = [new Set(journaled(home)), asked];
    assert.ok(before.length - kept.size <= callsAtOnce, 'only what was under way is not on the disk');
    asked = [];
    const result = await buyRows({ home, baseUrl: server.baseUrl, rows });
    assert.equal(new Set(asked).size, asked.length);
    assert.deepEqual(
      asked.filter((prompt) => kept.has(prompt)),
      [],
      'what is on the disk is not asked for again',
    );
    assert.equal(kept.size + asked.length, rows);
    assert.equal(new Set(journaled(home)).size, rows);
    assert.deepEqual([result.metrics['rows'], result.metrics['annotatorCalls']], [rows, rows]);
    assert.ok(JSON.stringify(result).length < 4000, 'a history holds no rows');
  });
});
