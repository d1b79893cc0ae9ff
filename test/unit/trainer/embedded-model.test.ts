import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadModelFolder } from '../../../trainer/io/model-folder';
import { architecture, sha256OfFile } from '../../support/trainer/tiny-model';

interface Record {
  readonly recipe: { readonly gate: { readonly latentAccuracy: number } };
  readonly sha256: { readonly 'model.safetensors': string };
  readonly measured: { readonly latentAccuracy: number };
}
const read = (name: string): unknown => JSON.parse(readFileSync(join(architecture, name), 'utf8'));

describe('the embedded base model', () => {
  const record = read('pretrained.json') as Record;

  it('has the bytes of its record, made by its recipe', () => {
    assert.equal(sha256OfFile(join(architecture, 'model.safetensors')), record.sha256['model.safetensors']);
    assert.deepEqual(record.recipe, read('recipe.json'));
  });

  it('passed its gate', () => {
    assert.ok(record.measured.latentAccuracy >= record.recipe.gate.latentAccuracy);
    assert.ok(record.recipe.gate.latentAccuracy >= 0.95);
  });

  it('loads, has about a million parameters, and takes less than 4 MB', () => {
    const { weights } = loadModelFolder(architecture);
    const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
    assert.equal(parameters, 820_736);
    assert.ok(statSync(join(architecture, 'model.safetensors')).size < 4_000_000);
  });
});
