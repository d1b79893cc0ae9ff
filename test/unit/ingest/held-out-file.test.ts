import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { BudgetlineError } from '../../../core/failures';
import { ingestFile, type IngestOptions, readHeldOut, type RowFault } from '../../../ingest';
import { leakCases } from '../../support/cases/held-out';
import { temporaryFolder } from '../../support/temporary';

const folder = temporaryFolder();

function write(name: string, records: readonly unknown[]): string {
  const lines = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  writeFileSync(folder.at(name), lines.join('\n'));
  return folder.at(name);
}

async function compare(
  rows: readonly object[],
  heldOut: readonly unknown[],
  options: Partial<IngestOptions> = {},
) {
  const faults: RowFault[] = [];
  const overlaps = [await readHeldOut(write('items.jsonl', heldOut))];
  const summary = await ingestFile(
    { path: write('rows.jsonl', rows), kind: 'demonstrations', overlaps, ...options },
    { onFault: (fault) => faults.push(fault) },
  );
  return { summary, places: faults.map(({ line, field, reason }) => `${line} ${field} ${reason}`) };
}

const tree = 'Name a tree that loses its leaves.';
const turns = (...texts: string[]) =>
  texts.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content }));
const overlap = (line: number) => `${line} prompt overlaps a held-out prompt of items.jsonl (same text)`;

describe('held-out files', () => {
  for (const seed of [1, 2, 3])
    it(`find leaked items in every layout, and no clean ones, seed ${seed}`, async () => {
      for (const { name, kind, row, heldOut, leaks } of leakCases(seed)) {
        const { summary, places } = await compare([row], [heldOut], { kind });
        const found = places.some((place) => place.includes('overlaps a held-out prompt'));
        assert.equal(found, leaks, `${name}: ${JSON.stringify({ row, heldOut, places })}`);
        assert.equal(summary.refused, leaks ? 1 : 0, `${name}: ${places.join()}`);
      }
    });

  it('are read by their own fields, not by the column mapping of the rows', async () => {
    const row = { instruction: tree, output: 'An oak.' };
    const columnMapping = { prompt: 'instruction', completion: 'output' };
    assert.deepEqual((await compare([row], [{ prompt: tree }], { columnMapping })).places, [overlap(1)]);
  });

  it('are compared with every user turn of a row, and by the last question of their own', async () => {
    const rows = [
      { messages: turns(tree, 'A beech.', 'And a bird?', 'A wren.') },
      { messages: turns('Hello there!', 'Hi.', 'Count to two.', '1, 2') },
    ];
    const items = [{ messages: turns('Hello there!', 'Good day.', tree) }];
    assert.deepEqual((await compare(rows, items)).places, [overlap(1)]);
  });

  it('are compared with each column that a prompt is made of, mapped or not', async () => {
    const rows = [
      { instruction: 'Answer the question.', input: tree, output: 'An oak.' },
      { instruction: tree, input: 'Answer in one word.', output: 'Oak.' },
      { instruction: 'Name a bird that can swim.', input: 'Answer in one word.', output: 'Duck.' },
    ];
    const columnMapping = { prompt: ['instruction', 'input'], completion: 'output' };
    const items = [{ question: tree }];
    for (const options of [{}, { columnMapping }])
      assert.deepEqual((await compare(rows, items, options)).places, [overlap(1), overlap(2)]);
    const renamed = rows.map(({ instruction, input, output }) => ({ a: instruction, b: input, c: output }));
    const mapping = { columnMapping: { prompt: ['a', 'b'], completion: 'c' } };
    assert.deepEqual((await compare(renamed, items, mapping)).places, [overlap(1), overlap(2)]);
  });

  it('are compared with answers by long runs of words', async () => {
    const long = 'A farmer has twelve cows and sells five of them before he buys three more at noon';
    const rows = [
      { prompt: 'Write a puzzle.', completion: `Gladly. ${long}. How many?` },
      { prompt: 'Say it.', completion: tree },
    ];
    const items = [{ prompt: long }, { prompt: tree }];
    assert.deepEqual((await compare(rows, items)).places, [
      '1 the answer overlaps a held-out prompt of items.jsonl (same 13-gram)',
    ]);
  });

  it('share a system turn or an instruction with clean rows', async () => {
    const content =
      'You are a tutor who explains every step of a solution in short sentences and never guesses.';
    const asked = (text: string) => ({ messages: [{ role: 'system', content }, ...turns(text, 'Yes.')] });
    assert.deepEqual((await compare([asked('What is rain?')], [asked('What is snow?')])).places, []);
    const framed = (input: string) => ({ instruction: content, input });
    const row = { prompt: `${content}\n\nUser: What is rain?\n\nAssistant:`, completion: 'Water.' };
    assert.deepEqual((await compare([row], [framed('What is snow?')])).places, []);
    assert.deepEqual((await compare([row], [framed('What is rain?')])).places, [overlap(1)]);
  });

  it('are compared without their system prompt, however short they are', async () => {
    const items = [{ system: 'Be kind.', prompt: 'Why?' }];
    assert.deepEqual((await compare([{ prompt: 'why', completion: 'x' }], items)).places, [overlap(1)]);
  });

  it('share a document, a short input or a name in a column with clean rows', async () => {
    const document =
      'The harbour was built in 1820 and burnt down twice before the town bought it and let it to a guild.';
    const asked = (prompt: string) => ({
      prompt,
      document,
      input: '<noinput>',
      user: 'alice',
      completion: 'A.',
    });
    const row = asked('Who bought the harbour?');
    const whole = { columnMapping: { prompt: ['document', 'prompt'] } };
    const clean = await compare([row], [asked('When was the harbour built?')], whole);
    assert.deepEqual(clean.places, []);
    assert.deepEqual((await compare([row], [asked(row.prompt)], whole)).places, [overlap(1)]);
    const alpaca = (instruction: string) => ({
      instruction,
      input: '<noinput>',
      prompt: instruction,
      completion: 'x',
    });
    assert.deepEqual((await compare([alpaca('Name a tree.')], [alpaca('Name a bird.')])).places, []);
  });

  it('say how many prompts were compared, and which records were not', async () => {
    const items = [
      { prompt: tree },
      { id: 2 },
      '{"prompt": ',
      { prompt: null },
      { prompt: '' },
      { question: 'b' },
    ];
    const { summary } = await compare([{ prompt: 'a', completion: 'b' }], items);
    assert.equal(summary.rows, 1);
    const [{ unreadable, ...counts }] = summary.heldOut as [(typeof summary.heldOut)[number]];
    assert.deepEqual(counts, { name: 'items.jsonl', prompts: 2, withoutPrompt: 3 });
    assert.deepEqual(
      unreadable.map(({ path, line }) => [path, line]),
      [[folder.at('items.jsonl'), 3]],
    );
  });

  it('are refused where no prompt is found, by file and fields', async () => {
    const refuses = (records: readonly unknown[], words: RegExp) =>
      assert.rejects(readHeldOut(write('none.jsonl', records)), (error) => {
        assert.ok(error instanceof BudgetlineError && error.code === 'DATA_INVALID', String(error));
        assert.match(error.message, words);
        return true;
      });
    await refuses(
      [{ id: 1, frage: 'x' }, { tag: 2 }],
      /none\.jsonl has no held-out prompt: its fields are "id", "frage", "tag"/,
    );
    await refuses([], /it has no records/);
    await refuses(['{'], /line 1 is not/);
    await refuses(
      [{ messages: turns('').concat({ role: 'assistant', content: 'a' }) }],
      /its fields are "messages"/,
    );
  });
});
