import assert from 'node:assert/strict';
import { createRandom } from '../../../../core/random';
import { linesOf, rowFolder } from '../../../support/row-files';

describe('separated values', () => {
  const { read } = rowFolder();

  it('lose the row of a stray quote, and no other', async () => {
    const strays = ['5" pipe,x', 'a,"b"c', '"open,x', 'a,"open', 'x"y"z,1'];
    for (const stray of strays) {
      const found = linesOf(await read('stray.csv', `a,b\n1,2\n${stray}\n3,"four, ""4"""\n5,6\n`));
      const lost = found.filter(([, outcome]) => outcome !== 'read');
      assert.deepEqual(
        lost.map(([line]) => line),
        [3],
        stray,
      );
      assert.match(String(lost[0]?.[1]), /quote/);
      assert.deepEqual(
        found.filter(([, outcome]) => outcome === 'read').map(([line]) => line),
        [2, 4, 5],
        stray,
      );
    }
  });

  it('lose as many rows as have stray quotes, at any place of a long file', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const rows = Array.from({ length: 700 }, (_, at) => `${at},"text ""${at}"", more"`);
      const broken = [(seed * 37) % 700, (seed * 101 + 350) % 700];
      for (const at of broken) rows[at] = `${at},a " stray`;
      const found = linesOf(await read('strays.csv', `a,b\n${rows.join('\n')}\n`));
      const lost = found.flatMap(([line, outcome]) => (outcome === 'read' ? [] : [Number(line) - 2]));
      assert.deepEqual(
        lost,
        [...new Set(broken)].sort((a, b) => a - b),
      );
      assert.equal(found.length, 700);
    }
  });

  it('refuse a header with the same name twice', async () => {
    await assert.rejects(read('twice.csv', 'a,b,a\n1,2,3\n'), {
      code: 'DATA_INVALID',
      message: /twice\.csv:1: the header names the column "a" twice/,
    });
  });

  it('have the lines of an editor, with blank lines and cells of several lines', async () => {
    const text = 'a,b\n\n1,"two\nlines"\n\n3,4\n5\n';
    assert.deepEqual(linesOf(await read('editor.csv', text)), [
      [3, 'read'],
      [6, 'read'],
      [7, 'has 1 fields where the header has 2'],
    ]);
  });

  it('refuse a header with other delimiters, and name them', async () => {
    const random = createRandom('delimiters', 0);
    const named = { ';': 'semicolons', '|': 'bars', '\t': 'tabs', ',': 'commas' };
    for (let seed = 0; seed < 20; seed += 1) {
      const names = Array.from({ length: 2 + Math.floor(random() * 4) }, (_, at) => `column ${at}`);
      for (const [by, word] of Object.entries(named))
        await assert.rejects(read(by === ',' ? 'rows.tsv' : 'rows.csv', `${names.join(by)}\n1\n`), {
          code: 'DATA_INVALID',
          message: new RegExp(`:1: the header is one column, .*: its fields are delimited by ${word}`),
          remedy: /commas between the fields, or tabs/,
        });
    }
  });
});
