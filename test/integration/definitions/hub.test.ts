import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { resolveDefinition, type DownloadProgress } from '../../../definitions';
import { fetchHubModel } from '../../../definitions/hub';
import { embeddedModelPath } from '../../../host/package-files';
import { hub, parseHubReference } from '../../../core/hub';
import { planGrid } from '../../../planning';
import { defineSweep } from '../../../definitions';
import { gradeSchoolMathDefaults } from '../../../tasks';
import { builtInTasks } from '../../../workers';
import { temporaryFolder } from '../../support/temporary';
import { serveHub, type HubServer, type ServedFile } from '../../support/definitions/hub-server';

const commit = 'c0ffee'.padEnd(40, '0');
const name = 'house/tiny';
const reference = { name, revision: 'main' };

const file = (path: string, more: Partial<ServedFile> = {}): [string, ServedFile] => [
  path,
  { content: readFileSync(join(embeddedModelPath, path)), ...more },
];

/** The embedded model as a repository, with a file that is not downloaded. */
const repository = (weights: Partial<ServedFile> = {}): Record<string, ServedFile> => ({
  ...Object.fromEntries([file('config.json'), file('tokenizer.json'), file('tokenizer_config.json')]),
  ...Object.fromEntries([file('model.safetensors', { large: true, ...weights })]),
  'pytorch_model.bin': { content: Buffer.from('never requested') },
});

describe('models of the hub', () => {
  const folder = temporaryFolder();
  const servers: HubServer[] = [];
  const serve = async (files: Record<string, ServedFile>): Promise<HubServer> => {
    const server = await serveHub(name, { commit, files });
    servers.push(server);
    return server;
  };
  const cacheAt = (place: string) => {
    const root = join(folder.path(), place, 'models--house--tiny');
    const blobs = (): string[] => (existsSync(join(root, 'blobs')) ? readdirSync(join(root, 'blobs')) : []);
    return { root, blobs, env: (more: object) => ({ HF_HUB_CACHE: join(folder.path(), place), ...more }) };
  };
  after(() => Promise.all(servers.map((server) => server.close())));

  it('are written as hub("owner/name"); paths outside the cache are refused', () => {
    assert.equal(hub('Qwen/Qwen2.5-0.5B', { revision: 'refs/pr/1' }), 'hub:Qwen/Qwen2.5-0.5B@refs/pr/1');
    assert.deepEqual(parseHubReference('hub:a/b'), { name: 'a/b', revision: 'main' });
    assert.equal(parseHubReference('./hub'), null);
    for (const wrong of ['../x', 'a/../b', 'a', 'a/b/c', 'a/b@../../x', '/a/b', 'a b/c'])
      assert.throws(() => hub(wrong), { code: 'DEFINITION_INVALID' }, wrong);
    assert.throws(() => hub('a/b', { revision: '../x' }), { code: 'DEFINITION_INVALID' });
  });

  it('are cached in the shared layout, resume after a broken connection, and then need no network', async () => {
    const cuts = [100_000, 200_000];
    const server = await serve(repository({ cuts }));
    const { root, blobs, env } = cacheAt('truncate');
    const progress: DownloadProgress[] = [];
    const options = {
      env: env({ HF_ENDPOINT: server.url }),
      onProgress: (at: DownloadProgress) => progress.push(at),
    };
    const path = await fetchHubModel(reference, options);
    assert.equal(path, join(root, 'snapshots', commit));
    assert.equal(readFileSync(join(root, 'refs', 'main'), 'utf8'), commit);
    for (const each of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']) {
      assert.ok(lstatSync(join(path, each)).isSymbolicLink());
      assert.deepEqual(readFileSync(join(path, each)), readFileSync(join(embeddedModelPath, each)));
    }
    assert.deepEqual(readdirSync(path).length, 4);
    assert.ok(blobs().every((blob) => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(blob)));
    const asked = server.requests.filter((request) => request.startsWith('model.safetensors'));
    assert.equal(asked[0], 'model.safetensors whole');
    const starts = asked.slice(1).map((request) => Number(/bytes=(\d+)-/.exec(request)?.[1]));
    assert.deepEqual(starts, [100_000, 300_000]);
    const last = progress.at(-1);
    assert.equal(last?.bytes, last?.totalBytes);

    const asBefore = server.requests.length;
    assert.equal(await fetchHubModel(reference, options), path);
    assert.equal(server.requests.length, asBefore, 'nothing is downloaded twice');
    const nowhere = env({ HF_ENDPOINT: 'http://127.0.0.1:9' });
    assert.equal(await fetchHubModel(reference, { env: nowhere }), path);
    assert.equal(
      await fetchHubModel({ name, revision: commit }, { env: env({ HF_HUB_OFFLINE: '1' }) }),
      path,
    );
  });

  it('resume a partial download, and fail when connections make no progress', async () => {
    const { blobs, env } = cacheAt('later');
    const server = await serve(repository({ cuts: [50_000, 0, 0, 0] }));
    const options = { env: env({ HF_ENDPOINT: server.url }) };
    await assert.rejects(fetchHubModel(reference, options), {
      code: 'IO_FAILED',
      message: /model\.safetensors: the connection ended at byte 50000 of \d+/,
    });
    assert.equal(blobs().filter((blob) => blob.endsWith('.incomplete')).length, 1);
    server.requests.length = 0;
    await fetchHubModel(reference, options);
    assert.match(server.requests.join(), /^model\.safetensors bytes=50000-/);
    assert.ok(blobs().every((blob) => !blob.endsWith('.incomplete')));
  }).timeout(20_000);

  it('are refused and removed where a digest differs from the listed one', async () => {
    const { root, blobs, env } = cacheAt('altered');
    const { content } = repository()['model.safetensors']!;
    const altered = Buffer.from(content);
    altered[altered.length - 1]! ^= 1;
    const server = await serve(repository({ altered }));
    await assert.rejects(fetchHubModel(reference, { env: env({ HF_ENDPOINT: server.url }) }), {
      code: 'IO_FAILED',
      message: /model\.safetensors: the digest is not the one that the hub lists/,
    });
    assert.ok(!existsSync(join(root, 'snapshots', commit, 'model.safetensors')));
    assert.equal(blobs().filter((blob) => /incomplete|^[0-9a-f]{64}$/.test(blob)).length, 0);
    assert.ok(!existsSync(join(root, 'refs', 'main')), 'no name for half a snapshot');
  });

  it('are reported where the hub refuses them or they lack a file', async () => {
    const files = Object.entries(repository()).filter(([path]) => path !== 'tokenizer.json');
    const server = await serve(Object.fromEntries(files));
    const options = { env: cacheAt('refused').env({ HF_ENDPOINT: server.url }) };
    await assert.rejects(fetchHubModel({ name: 'house/none', revision: 'main' }, options), {
      code: 'INPUT_MISSING',
      message: /refuses house\/none at main/,
    });
    await assert.rejects(fetchHubModel(reference, options), { message: /has no tokenizer\.json/ });
  });

  it('offline name the files to put where, and use them once they are there', async () => {
    const { root, env } = cacheAt('offline');
    const options = { env: env({ HF_HUB_OFFLINE: '1' }) };
    await assert.rejects(fetchHubModel(reference, options), (error: Error & { remedy?: string }) => {
      assert.match(
        error.message,
        /lacks config\.json, tokenizer\.json, tokenizer_config\.json, model\.safetensors/,
      );
      assert.ok(error.remedy?.includes(join(root, 'snapshots', 'COMMIT')));
      assert.ok(error.remedy?.includes(join(root, 'refs', 'main')));
      return true;
    });
    const put = (path: string, content: Buffer | string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    };
    put('refs/main', commit);
    for (const [path, { content }] of Object.entries(repository()))
      put(`snapshots/${commit}/${path}`, content);
    assert.equal(await fetchHubModel(reference, options), join(root, 'snapshots', commit));
    rmSync(join(root, 'snapshots', commit, 'model.safetensors'));
    put(
      `snapshots/${commit}/model.safetensors.index.json`,
      '{"weight_map": {"a": "model-00001-of-00002.safetensors"}}',
    );
    await assert.rejects(fetchHubModel(reference, options), {
      message: /lacks model-00001-of-00002\.safetensors/,
    });
  });

  it('enter keys by content: the same files in a folder give the same stages', async () => {
    const server = await serve(repository());
    const hubOptions = { env: cacheAt('plan').env({ HF_ENDPOINT: server.url }) };
    const resolve = (model: string) =>
      resolveDefinition(
        defineSweep({
          ...gradeSchoolMathDefaults,
          name: 'hub',
          annotator: 'clean',
          model,
          data: { source: 'synthetic', pool: 64, validation: 4, test: 4 },
          budgets: [4],
          sftFractions: [1],
          evaluation: { items: 2, maxNewTokens: 8 },
        }),
        { tasks: builtInTasks, hub: hubOptions },
      );
    const ofHub = await resolve(hub(name));
    mkdirSync(folder.at('copy'));
    for (const path of Object.keys(repository()).filter((path) => path !== 'pytorch_model.bin'))
      writeFileSync(folder.at('copy', path), readFileSync(join(ofHub.model.path, path)));
    const ofFolder = await resolve(folder.at('copy'));
    assert.equal(ofHub.model.digest, ofFolder.model.digest);
    writeFileSync(join(ofHub.model.path, 'README.md'), 'kept there by another program');
    assert.equal((await resolve(hub(name))).model.digest, ofHub.model.digest);
    assert.deepEqual(
      (await planGrid(ofHub)).stages.map(({ stage }) => stage.key),
      (await planGrid(ofFolder)).stages.map(({ stage }) => stage.key),
    );
  });
});
