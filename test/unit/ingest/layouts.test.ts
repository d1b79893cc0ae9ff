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
    assert.equal(
      refusedAt({ prompt: 'p', chosen: 'a', rejected: 'b', rm_reward_chosen: -1, rm_reward_rejected: 0.5 }),
      'rm_reward_rejected',
    );
    const ranked = { prompt: 'p', completions: ['a', 'b', 'c'], ranks: [1, 2, 3] };
    assert.equal(refusedAt({ ...ranked, scores: [1, 2, 3] }), 'scores');
    assert.equal(refusedAt({ ...ranked, scores: [3, 1, 3] }), 'scores');
    assert.ok('texts' in shaped('preferences', { ...ranked, scores: [0.9, 0.95, 0.1] }));
    assert.equal(
      refusedAt({ prompt: 'p', chosen: 'answer_a', rejected: 'answer_b', answer_a: 'a', answer_b: 'b' }),
      'chosen',
    );
    const won = { prompt: 'p', first: 'a', second: 'b', better: 'a', score_first: 1, score_second: 2 };
    assert.equal(refusedAt(won), 'score_second');
  });

  it('never takes the common beginning of answers for a question in another column', () => {
    const answers = { chosen: 'The oak is a tree.', rejected: 'The stone is a tree.' };
    for (const name of ['question', 'query', 'problem', 'request', 'input', 'article', 'Question']) {
      const found = shaped('preferences', { system: 'Be kind.', [name]: 'Which is a tree?', ...answers });
      const [fault] = 'faults' in found ? found.faults : [];
      assert.equal(fault?.field, 'prompt', name);
      assert.match(fault.remedy, new RegExp(`prompt=${name}\\.`));
    }
    const dialogue = (answer: string) => `\n\nHuman: Name a tree.\n\nAssistant: ${answer}`;
    const found = shaped('preferences', { question: 'Why?', chosen: dialogue('a'), rejected: dialogue('b') });
    assert.deepEqual('unused' in found && found.unused, ['question']);
  });

  it('refuses labels that contradict each other', () => {
    const row = { prompt: 'p', completion: 'c', label: 'True' };
    const found = shaped('unpaired', { ...row, kto_tag: false });
    assert.equal('faults' in found && found.faults[0]?.field, 'kto_tag');
    const agreed = shaped('unpaired', { ...row, kto_tag: 1 });
    assert.deepEqual('unused' in agreed && agreed.unused, []);
  });

  it('refuses a dialogue whose last answer is not to be learnt, by any of the usual fields', () => {
    const last = { role: 'assistant', content: 'So.' };
    const rowOf = (mark: object) => ({
      messages: [
        { role: 'user', content: 'Why?' },
        { ...last, ...mark },
      ],
    });
    for (const name of ['weight', 'train', 'training', 'loss']) {
      for (const value of [false, 0, '0']) {
        const found = shaped('demonstrations', rowOf({ [name]: value }));
        assert.equal('faults' in found && found.faults[0]?.field, 'messages', `${name} ${value}`);
      }
      assert.ok('texts' in shaped('demonstrations', rowOf({ [name]: true })), name);
    }
  });

  it('keeps an input that is the text of an empty list', () => {
    for (const input of ['[]', '{}', '[ ]']) {
      const row = { instruction: 'Reverse it.', input, output: input };
      const prompt = `Reverse it.\n\n${input}`;
      const joined: ColumnMapping = { prompt: ['instruction', 'input'], completion: 'output' };
      for (const columnMapping of [{}, joined]) {
        const found = shaped('demonstrations', row, columnMapping);
        assert.deepEqual('texts' in found && found.texts, { prompt, completion: input });
      }
      const lost = shaped('demonstrations', { prompt: 'p', completion: 'c', input });
      assert.equal('faults' in lost && lost.faults[0]?.field, 'input');
    }
  });

  it('reads fields of a list of objects, and names the others', () => {
    const answers = [
      { text: 'An oak.', rank: 1, model: 'm' },
      { text: 'A stone.', rank: 2 },
    ];
    const row = { prompt: 'Name a tree.', answers };
    const found = shaped('preferences', row, { completions: 'answers.text', ranks: 'answers.rank' });
    assert.deepEqual('texts' in found && [found.texts, found.unused], [
      { prompt: 'Name a tree.', chosen: 'An oak.', rejected: 'A stone.' },
      ['answers.model'],
    ]);
  });

  it('keeps a column of which the mapping names a part that it does not have', () => {
    for (const tools of ['[{"name": "f"}]', [{ name: 'f' }]]) {
      const found = shaped(
        'demonstrations',
        { prompt: 'p', completion: 'c', tools },
        { system: 'tools.system' },
      );
      const field = typeof tools === 'string' ? 'tools' : 'tools.name';
      if (field === 'tools') assert.equal('faults' in found && found.faults[0]?.field, field);
      else assert.deepEqual('unused' in found && found.unused, [field]);
    }
  });

  it('suggests to join a column with a field that the row has', () => {
    const remedyOf = (kind: LayoutVariant['kind'], record: object) => {
      const found = shaped(kind, record);
      return 'faults' in found ? found.faults[0]?.remedy : undefined;
    };
    const alpaca = { instruction: 'i', output: 'o' };
    assert.match(
      remedyOf('demonstrations', { ...alpaca, context: 'c' })!,
      /"instruction=context\+instruction"/,
    );
    assert.match(remedyOf('demonstrations', { ...alpaca, cot: 'c' })!, /"output=cot\+output"/);
    const pair = { prompt: 'p', chosen: 'a', rejected: 'b', rationale: 'r' };
    assert.match(remedyOf('preferences', pair)!, /^Remove such rows, or leave it out/);
  });

  it('suggests a mapping for columns of common names', () => {
    const found = shaped('demonstrations', { instruction: 'i', context: 'c', response: 'r' });
    assert.match(
      'faults' in found ? (found.faults[0]?.remedy ?? '') : '',
      /--column-mapping prompt=instruction\+context,completion=response\.$/,
    );
  });
});
