import assert from 'node:assert/strict';
import { createDownloadLines } from '../../../cli/download-lines';

describe('the download of a model', () => {
  it('is reported at each tenth once, and not for small files', () => {
    const lines: string[] = [];
    const report = createDownloadLines((line) => lines.push(line));
    for (let bytes = 5e4; bytes <= 2e7; bytes += 5e4)
      report({ file: 'model.safetensors', bytes, totalBytes: 2e7 });
    report({ file: 'config.json', bytes: 500, totalBytes: 500 });
    assert.equal(lines.length, 11);
    assert.equal(lines[0], 'Downloading model.safetensors: 0 of 20 MB');
    assert.equal(lines.at(-1), 'Downloading model.safetensors: 20 of 20 MB');
  });
});
