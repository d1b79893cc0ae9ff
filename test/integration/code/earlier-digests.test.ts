import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readCode } from '../../../code';
import { originOfExport } from '../../../core/code';

describe('the digests of a user’s code', () => {
  it('are those of version 0.1', async () => {
    // They are in the nests of rows at list price: with other digests of the same code, these are bought again.
    const path = join(__dirname, '../../support/earlier-stores/own-code.ts');
    const code = await readCode(originOfExport(path, 'annotate'));
    assert.deepEqual(code?.identity, {
      'own-code.ts': '0bace98b8d0e827a08168634221b745412568ee7fa781d36072869a586ce668f',
      'own-words.ts': '200478e6ee2ddf5f0ea87ce9b64994ccc5237b962b5dc2cababfa1b9ab61e8ee',
    });
  });
});
