import assert from 'node:assert/strict';
import { parseVerdict } from '../../../contracts/verdict';
import { judgeBothOrders, type ProgramJudge, lengthControlledWinRate, qualityJudge } from '../../../tasks';

const compared = { prompt: 'p', answer: 'long answer', reference: 'short' };
const saying = (compare: ProgramJudge<null>['compare']): ProgramJudge<null> => ({
  name: 'j',
  description: '',
  compare,
});

describe('judging', () => {
  it('parses the last marked verdict, or a single word, and nothing else', () => {
    const cases = {
      '[[A]]': 'first',
      'no [[B]] but [[tie]].': 'tie',
      ' b. ': 'second',
      'A is better': 'unparseable',
    };
    for (const [text, verdict] of Object.entries({
      ...cases,
      '': 'unparseable',
      '[[constructor]]': 'unparseable',
    }))
      assert.equal(parseVerdict(text), verdict, text);
  });

  it('reports position bias, which scores 0.5', () => {
    assert.deepEqual(
      judgeBothOrders(
        saying(() => 'A'),
        null,
        compared,
      ),
      { win: 0.5, unparseable: 0, inconsistent: 1 },
    );
  });

  it('scores a win 1 in either order, a tie 0.5, and an unparseable verdict or a refusal as a loss', () => {
    const longer = qualityJudge<null>('longer', '', (_, answer) => answer.length);
    assert.deepEqual(judgeBothOrders(longer, null, compared), { win: 1, unparseable: 0, inconsistent: 0 });
    const swapped = { ...compared, answer: 'short', reference: 'long answer' };
    assert.equal(judgeBothOrders(longer, null, swapped).win, 0);
    assert.equal(
      judgeBothOrders(longer, null, { ...compared, answer: 'shore', reference: 'short' }).win,
      0.5,
    );
    const mute = judgeBothOrders(
      saying((_, { first }) => (first === 'short' ? '?' : 'A')),
      null,
      compared,
    );
    assert.deepEqual(mute, { win: 0.5, unparseable: 0.5, inconsistent: 1 });
    const refusing = judgeBothOrders(
      saying(() => '[[refusal]]'),
      null,
      compared,
    );
    assert.deepEqual(refusing, { win: 0, unparseable: 1, inconsistent: 0 });
  });
});

describe('length-controlled win rate', () => {
  const rows = (win: (index: number) => number) =>
    Array.from({ length: 400 }, (_, index) => ({ win: win(index), longerBy: (index % 40) - 19.5 }));

  it('is the raw rate where wins do not depend on length', () => {
    const found = lengthControlledWinRate(rows((index) => (Math.floor(index / 40) < 7 ? 1 : 0)));
    assert.ok(Math.abs(found - 0.7) < 0.01, String(found));
  });

  it('approaches 0.5 where only length decides, however many answers are long', () => {
    const long = rows((index) => (index % 40 > 19 ? 1 : 0)).filter(
      ({ win }, index) => win === 1 || Math.floor(index / 40) % 4 === 0,
    );
    const raw = long.reduce((sum, { win }) => sum + win, 0) / long.length;
    const found = lengthControlledWinRate(long);
    assert.ok(raw > 0.75 && found > 0.45 && found < 0.7, `${raw} ${found}`);
  });

  it('stays within 0 … 1 where all answers win and all lengths are equal', () => {
    const found = lengthControlledWinRate(Array.from({ length: 50 }, () => ({ win: 1, longerBy: 3 })));
    assert.ok(found > 0.9 && found < 1);
  });
});
