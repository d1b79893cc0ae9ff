import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedModelPath } from '../../../host/package-files';
import { describeModel, readModelSize } from '../../../store';
import { temporaryFolder } from '../../support/temporary';
import { writeFullFolder, writeGgufModel, writeLinkedSnapshot } from '../../support/user-models';

describe('the files of a model', () => {
  const folder = temporaryFolder();
  const digestOf = async (path: string): Promise<string> => (await describeModel(path)).digest;

  it('are those that are read when it is loaded: others change neither digest nor size', async () => {
    const full = writeFullFolder(folder.at('full'));
    assert.equal(await digestOf(full), await digestOf(embeddedModelPath));
    assert.deepEqual(await readModelSize(full), await readModelSize(embeddedModelPath));
    for (const name of ['chat_template.jinja', 'generation_config.json']) {
      const before = await digestOf(full);
      writeFileSync(join(full, name), '{}');
      assert.notEqual(await digestOf(full), before, name);
    }
  });

  it('are the shards that the index names, links followed', async () => {
    const snapshot = writeLinkedSnapshot(folder.at('cache'));
    const { files, digest } = await describeModel(snapshot);
    assert.deepEqual(files.map(({ path }) => path).sort(), [
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    copyFileSync(
      join(embeddedModelPath, 'model.safetensors'),
      join(snapshot, 'model-00003-of-00002.safetensors'),
    );
    assert.equal((await readModelSize(snapshot)).parameters, 820_736);
    assert.equal(await digestOf(snapshot), digest);
  });

  it('are one file without its index if both exist', async () => {
    const folderOfBoth = folder.at('both');
    mkdirSync(folderOfBoth);
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'])
      copyFileSync(join(embeddedModelPath, name), join(folderOfBoth, name));
    const index = { weight_map: { x: 'model-00001-of-00001.safetensors' } };
    writeFileSync(join(folderOfBoth, 'model.safetensors.index.json'), JSON.stringify(index));
    assert.equal(await digestOf(folderOfBoth), await digestOf(embeddedModelPath));
  });

  it('are a GGUF file, by any name, and the tokenizer next to it', async () => {
    const path = writeGgufModel(folder.at('gguf'));
    const digest = await digestOf(path);
    writeFileSync(folder.at('gguf', 'config.json'), 'of another model');
    const renamed = folder.at('gguf', 'other.gguf');
    renameSync(path, renamed);
    assert.equal(await digestOf(renamed), digest);
    assert.equal((await readModelSize(renamed)).parameters, 820_736);
    rmSync(folder.at('gguf', 'tokenizer.json'));
    assert.notEqual(await digestOf(renamed), digest, 'the tokenizer of its metadata is used');
  });

  it('are missing without a model: the error has the path', async () => {
    mkdirSync(folder.at('empty'));
    writeFileSync(folder.at('empty', 'README.md'), '');
    for (const path of ['nowhere', 'nowhere.gguf', 'empty', 'empty/README.md'])
      await assert.rejects(describeModel(folder.at(path)), {
        code: 'INPUT_MISSING',
        message: `There is no model at ${folder.at(path)}.`,
      });
  });
});
