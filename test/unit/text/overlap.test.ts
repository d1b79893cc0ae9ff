import assert from 'node:assert/strict';
import { normalizeText } from '../../../text/normalize';
import { overlapWith, repetitionRate, withoutFrameOf } from '../../../text/overlap';
import { scriptCases } from '../../support/cases/scripts';

describe('the prompt template of texts', () => {
  const frame = (problem: string): string => `solve this step by step question ${problem} answer`;

  it('is the start and end that all texts share', () => {
    const own = withoutFrameOf([frame('two and two'), frame('three and four'), frame('five')]);
    assert.equal(own(frame('six and a half')), 'six and a half');
    assert.equal(own(frame('')), '');
  });

  it('excludes text that only some share', () => {
    const own = withoutFrameOf([frame('ten apples cost two'), frame('ten apples weigh five'), frame('nine')]);
    assert.equal(own(frame('ten apples cost two')), 'ten apples cost two');
  });

  it('is empty for a single text, or none', () => {
    assert.equal(withoutFrameOf([frame('one'), frame('one')])(frame('one')), frame('one'));
    assert.equal(withoutFrameOf([])('a b'), 'a b');
  });
});

describe('overlap of texts', () => {
  it('ignores punctuation, case and Unicode composition', () => {
    const same = [
      ['A cat?', 'a  CAT'],
      ['7 + 5', '7+5'],
      ['7–5', '7−5'],
      ['a well-known “word”', 'A well known word.'],
      ['café', 'cafe\u0301'],
      ['**Bold** words', 'bold words'],
      ['soft\u00adened', 'softened'],
    ];
    for (const [one, other] of same) assert.equal(normalizeText(one!), normalizeText(other!));
  });

  it('distinguishes signs and marks', () => {
    const different = [
      ['What is 7+5?', 'What is 7-5?'],
      ['-3', '3'],
      ['1.5', '1 5'],
      ['.5', '5'],
      ['50%', '50'],
      ['C++', 'C#'],
      ['C++', 'C'],
      ['a != b', 'a = b'],
      ['5!', '5'],
      ['(2+3)*4', '2+(3*4)'],
      ['दिन', 'दीन'],
      ['???', '!!!'],
    ];
    for (const [one, other] of different) assert.notEqual(normalizeText(one!), normalizeText(other!));
  });

  it('finds 13-grams inside longer texts, in scripts with and without spaces', () => {
    const chinese = '小明有十四顶帽子他卖掉了十一顶然后又找到了五顶请问他现在有多少顶帽子';
    const thai = 'ฉันมีหมวกสิบสี่ใบและขายไปสิบเอ็ดใบแล้วพบอีกห้าใบ';
    const french = 'Où est le café à côté de la forêt où les élèves étaient allés cet été ?';
    for (const text of [chinese, thai, french, french.normalize('NFD')])
      assert.equal(overlapWith([{ text }])({ text: `例题：${text} 答案` }), 'same 13-gram');
    assert.equal(overlapWith([{ text: chinese }])({ text: '小明有十四顶帽子' }), undefined);
    assert.equal(
      overlapWith([{ text: french }])({ text: french.normalize('NFD').toUpperCase() }),
      'same text',
    );
  });

  it('finds items inside longer texts of scripts without spaces, and no others', () => {
    for (const seed of [1, 2, 3, 4])
      for (const { name, item, leaked, clean } of scriptCases(seed)) {
        const overlap = overlapWith([{ text: item }]);
        assert.deepEqual(
          [overlap({ text: leaked }), overlap({ text: clean })],
          ['same 13-gram', undefined],
          name,
        );
      }
  });

  it('measures repetition in any script', () => {
    const walk = 'we walk in the park and then go home to eat ';
    for (const text of [
      walk,
      '我们今天去公园散步然后回家吃饭',
      'เราเดินเล่นในสวนแล้วกลับบ้าน',
      'きょうは公園を散歩しました',
    ])
      assert.ok(repetitionRate(text.repeat(40)) > 0.9, text);
    for (const text of [walk, '我们今天去公园散步然后回家吃饭']) assert.equal(repetitionRate(text), 0);
  });

  it('finds the template in any script', () => {
    const own = withoutFrameOf(
      ['请回答：一加一等于几？谢谢', '请回答：他有三只猫吗？谢谢'].map(normalizeText),
    );
    assert.equal(own(normalizeText('请回答：她去哪里？谢谢')), '她 去 哪 里');
  });
});
