import assert from 'node:assert/strict';
import { type ColumnMapping, mapColumns } from '../../../ingest/column-mapping';
import { readShape } from '../../../ingest/shapes';
import { layoutVariants } from '../../support/cases/layouts';
import { lostColumnVariants, lostTurnVariants } from '../../support/cases/lost-columns';
import { winnerVariants } from '../../support/cases/winners';
import type { LayoutVariant } from '../../support/cases/words';

const read = ({ kind, record, columnMapping = {} }: Omit<LayoutVariant, 'title'>) => {
  const { unused = [] } = columnMapping;
  return readShape(kind, mapColumns(record, columnMapping), 'transcript', [unused].flat());
};

function check(variant: LayoutVariant): void {
  const { title, record, texts, refused, tie = false } = variant;
  const shown = `${title}: ${JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`;
  const found = read(variant);
  if (texts !== undefined) assert.deepEqual('texts' in found ? found.texts : found, texts, shown);
  else if (tie) assert.ok('tie' in found, shown);
  else {
    assert.ok('faults' in found, shown);
    const [fault] = found.faults;
    assert.equal(fault?.field, refused, `${shown} ${fault?.reason}`);
    assert.match(fault?.remedy ?? '', /\.$/);
  }
}

const shaped = (kind: LayoutVariant['kind'], record: object, columnMapping: ColumnMapping = {}) =>
  read({ kind, record: { ...record }, columnMapping });

describe('layouts of rows', () => {
  for (const [name, variants] of Object.entries({
    'texts and turns of demonstrations, pairs and unpaired answers': layoutVariants(),
    'who won, by words, numbers, ranks and scores': winnerVariants(),
    'columns that change a row': lostColumnVariants(),
    'fields, speakers and contents of a turn': lostTurnVariants(),
  }))
    it(`${name}: ${variants.length} variants`, () => {
      assert.ok(variants.length >= 20);
      for (const variant of variants) check(variant);
    });

  it('leaves a column out where the mapping says so', () => {
    for (const variant of lostColumnVariants()) {
      const columnMapping = { unused: Object.keys(variant.record).at(-1)! };
      assert.ok('texts' in read({ ...variant, columnMapping }), variant.title);
    }
  });

  it('keeps empty columns and weights of 1', () => {
    const row = { prompt: 'p', completion: 'c' };
    for (const extra of [
      { input: ' ' },
      { tools: '[]' },
      { weight: 1 },
      { weight: '1.0' },
      { thinking: false },
    ])
      assert.ok('texts' in shaped('demonstrations', { ...row, ...extra }), JSON.stringify(extra));
  });

  it('names what is not used: columns, parts of nested columns, fields of turns', () => {
    const turns = [
      { role: 'user', content: 'Hi', name: 'Ann' },
      { role: 'assistant', content: 'Yes' },
    ];
    const found = shaped('demonstrations', { messages: turns, id: 7, note: '' });
    assert.deepEqual('unused' in found && found.unused, ['id', 'messages[].name']);
    const nested = shaped(
      'demonstrations',
      { data: { q: 'p', a: 'c', source: 's' }, prompt: 'other' },
      { prompt: 'data.q', completion: 'data.a' },
    );
    assert.deepEqual('unused' in nested && nested.unused, ['prompt (column)', 'data.source']);
  });

  it('refuses answers to different questions, and scores against the preference', () => {
    const turn = (role: string, content: string) => ({ role, content });
    const [ask, good, bad] = [turn('user', 'Why?'), turn('assistant', 'So.'), turn('assistant', 'No.')];
    const refusedAt = (record: object) => {
      const found = shaped('preferences', record);
      return 'faults' in found ? found.faults[0]?.field : found;
    };
    const forked = [turn('user', 'How?'), bad];
    assert.equal(refusedAt({ chosen: [ask, good], rejected: forked }), 'rejected');
    assert.equal(refusedAt({ prompt: [ask], chosen: [ask, good], rejected: forked }), 'rejected');
    assert.equal(refusedAt({ prompt: 'Who?', chosen: [ask, good], rejected: [ask, bad] }), 'prompt');
    const transcript = '\n\nHuman: Hi.\n\nAssistant: A.\n\nHuman: B?\n\nAssistant: C.';
    assert.equal(refusedAt({ chosen: transcript, rejected: transcript.replace('A.', 'D.') }), 'rejected');
    assert.equal(refusedAt({ chosen: 'The sky is', rejected: 'The sky is blue' }), 'prompt');
    assert.equal(
      refusedAt({ prompt: 'p', chosen: 'a', rejected: 'b', chosen_score: '1', rejected_score: 2 }),
      'rejected_score',
    );
    const won = { prompt: 'p', first: 'a', second: 'b', better: 'a', score_first: 1, score_second: 2 };
    assert.equal(refusedAt(won), 'score_second');
  });

  it('suggests a mapping for columns of common names', () => {
    const found = shaped('demonstrations', { instruction: 'i', context: 'c', response: 'r' });
    assert.match(
      'faults' in found ? (found.faults[0]?.remedy ?? '') : '',
      /--column-mapping prompt=instruction\+context,completion=response\.$/,
    );
  });
});
