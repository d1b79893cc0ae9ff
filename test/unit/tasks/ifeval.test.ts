import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../../core/failures';
import { scoreInstructions } from '../../../tasks';
import { checkInstructions } from '../../../tasks/instruction-following/check';
import { type InstructionKind, instructions } from '../../../tasks/instruction-following/instructions';
import { linesOf } from '../../../schemas/json-lines';
import { readOracle } from '../../support/oracle';
import { recordsOf } from '../../support/records';

interface Case {
  readonly instructions: InstructionKind[];
  readonly kwargs: Record<string, unknown>[];
  readonly response: string;
  readonly strict: boolean[];
  readonly loose: boolean[];
  /** Instructions where the original depends on its seed: uncertain languages, replaced letters. */
  readonly unstable?: number[];
}

const { cases } = readOracle('ifeval') as { cases: Case[] };
const checksOf = ({ instructions: kinds, kwargs }: Case) =>
  kinds.map((kind, index) => instructions[kind].make(kwargs[index] ?? {}));

describe('the instructions of IFEval', () => {
  it('have the original’s verdicts, strict and loose', () => {
    const judged = new Map<string, number>();
    for (const each of cases) {
      const { strict, loose } = checkInstructions(checksOf(each), each.response);
      each.instructions.forEach((kind, index) => {
        if (each.unstable?.includes(index) === true) return;
        const text = `${kind} ${JSON.stringify(each.kwargs[index])} on ${JSON.stringify(each.response)}`;
        assert.deepEqual([strict[index], loose[index]], [each.strict[index], each.loose[index]], text);
        judged.set(kind, (judged.get(kind) ?? 0) + 1);
      });
    }
    assert.equal(judged.size, Object.keys(instructions).length, 'every kind was judged');
    assert.ok(Math.min(...judged.values()) >= 20, [...judged].join(' '));
  });

  it('count a mark given as a letter, which the original replaces at random', () => {
    const check = instructions['keywords:letter_frequency'].make({
      letter: '!',
      let_frequency: 2,
      let_relation: 'at least',
    });
    assert.deepEqual([check('a! b!'), check('a! b')], [true, false]);
  });

  it('follow none in a blank response, and loose verdicts include strict ones', () => {
    for (const each of cases) {
      const checks = checksOf(each);
      assert.ok(!checkInstructions(checks, ' \n').loose.includes(true));
      const { strict, loose } = checkInstructions(checks, each.response);
      strict.forEach((kept, index) => assert.ok(!kept || loose[index]));
    }
  });
});

const path = join(__dirname, '../../../examples/data/ifeval/prompts.jsonl');
const slice = recordsOf(
  path,
  linesOf(readFileSync(path, 'utf8')).map(({ text }) => JSON.parse(text) as object),
);

describe('scoring instruction following', () => {
  it('returns four rates, and a verdict per instruction in file order', () => {
    const answers = slice.records.map((record) => ({
      prompt: 'fields' in record ? record.fields['prompt'] : '',
      response: 'the river, it runs',
    }));
    const score = scoreInstructions({ prompts: slice, responses: recordsOf('r', answers) });
    assert.equal(score.prompts, 74);
    assert.equal(score.items.flatMap(({ strict }) => strict).length, score.instructions);
    assert.equal(Object.keys(score.kinds).length, 25);
    const kept = score.items.flatMap(({ strict }) => strict).filter(Boolean).length;
    assert.equal(score.instructionStrict, kept / score.instructions);
    assert.ok(score.promptStrict < score.instructionStrict && score.promptLoose >= score.promptStrict);
  });

  it('reports every unusable row of both files by line and field', () => {
    const row = { key: 1, prompt: 'p', instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] };
    const words = { ...row, prompt: 'w', instruction_id_list: ['length_constraints:number_words'] };
    const prompts = recordsOf('in', [
      row,
      { ...row, prompt: 'a', instruction_id_list: ['no:such'] },
      { ...words, kwargs: [{ num_words: 0, relation: 'at least' }] },
      { ...words, kwargs: [{ num_words: 3, relation: 'around' }] },
      { ...row, prompt: 'b', kwargs: [] },
      { ...row, prompt: 'c', kwargs: [{ keyword: 'x' }] },
      { ...row, prompt: 'unanswered', kwargs: [{ keyword: null }] },
    ]);
    const { records } = recordsOf('out', [
      { prompt: 'p', response: '' },
      { prompt: 'p', response: 'again' },
      { prompt: 'other', response: 'x' },
      { prompt: 'p' },
    ]);
    const files = {
      prompts,
      responses: { path: 'out', records: [...records, { line: 5, unreadable: 'is not a JSON object' }] },
    };
    assert.throws(
      () => scoreInstructions(files),
      (error: unknown) => {
        assert.ok(error instanceof BudgetlineError);
        assert.equal(error.code, 'DATA_INVALID');
        for (const fault of [
          'in:2: instruction_id_list[0] is "no:such"',
          'in:3: kwargs[0].num_words is missing',
          'in:4: kwargs[0].relation is neither',
          'in:5: kwargs does not have one object',
          'in:6: kwargs[0].keyword is not a field',
          'in:7: prompt has no response in out',
          'out:2: prompt already has a response on line 1',
          'out:3: prompt is none of in',
          'out:4: response is missing',
          'out:5: the line is not a JSON object',
        ])
          assert.ok(error.message.includes(fault), `${fault}\n${error.message}`);
        return true;
      },
    );
  });
});
