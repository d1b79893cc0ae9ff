import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { terminalLine } from '../../../cli/print/ink';
import { createInk } from '../../../cli/print/ink';
import { visibleText } from '../../../core/visible-text';
import { escapeHtml } from '../../../report/html';

const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('text of others', () => {
  it('moves no cursor and reorders no text, on a terminal and on a page', () => {
    const text = 'a\u001b[2Jb\u0007c\u009bd\u202ee\rf';
    assert.equal(visibleText(text), 'a\\u001b[2Jb\\u0007c\\u009bd\\u202ee\\u000df');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (any) => {
        assert.ok(!controls.test(visibleText(any)));
        assert.ok(!controls.test(escapeHtml(any)));
        assert.ok(!controls.test(terminalLine(any, false)));
      }),
    );
  });

  it('keeps line feeds, scripts that join letters, and emoji', () => {
    const text = 'eins\nzwei, می‌خواهم, 👩‍👩‍👧';
    assert.equal(visibleText(text), text);
  });

  it('keeps the colours of an ink, and no other sequence', () => {
    const ink = createInk(true);
    const line = `${ink.bad(ink.strong('x'))} \u001b[2J${ink.faint('y')}`;
    assert.equal(terminalLine(line, true), line.replace('\u001b[2J', '\\u001b[2J'));
  });
});
