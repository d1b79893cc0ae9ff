import assert from 'node:assert/strict';
import { readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { psStartTime, startTimeOf } from '../../host/process-start';
import { createWhole } from '../../host/whole-file';
import { temporaryFolder } from '../support/temporary';

describe('pure: this host', () => {
  const folder = temporaryFolder();

  for (const [way, startTime] of Object.entries({
    'by /proc or ps': startTimeOf,
    'by ps alone': psStartTime,
  }))
    it(`tells processes apart ${way}`, () => {
      assert.notEqual(startTime(process.pid), null);
      assert.equal(startTime(process.pid), startTime(process.pid));
      assert.equal(startTime(2 ** 22 + 1), null);
    });

  it('makes a file once, leaves nothing beside it, and writes through no link', () => {
    const path = folder.at('once');
    const partial = `${path}.${process.pid}.partial`;
    symlinkSync(folder.at('elsewhere'), partial);
    assert.deepEqual([createWhole(path, 'first'), createWhole(path, 'second')], [true, false]);
    assert.equal(readFileSync(path, 'utf8'), 'first');
    assert.deepEqual(readdirSync(folder.path()), ['once']);
  });
});
