import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listDevices, requireCuda } from '../../../../trainer/runtime';
import { temporaryFolder } from '../../../support/temporary';

describe('prerequisites of device "cuda"', () => {
  const folder = temporaryFolder();
  const host = (change: object) => ({
    platform: 'linux x64',
    runtimeFolder: folder.path(),
    driverPath: folder.at('driver'),
    ...change,
  });
  const missing = (change: object): readonly string[] => {
    try {
      requireCuda(host(change));
      return [];
    } catch (error) {
      const { code, remedy, details } = error as {
        code: string;
        remedy: string;
        details: { missing: string[] };
      };
      assert.equal(code, 'DEVICE_UNAVAILABLE');
      assert.match(remedy, /ONNXRUNTIME_NODE_INSTALL=cuda12 node .*install\.js/);
      assert.match(remedy, /CUDA 12 and cuDNN 9/);
      return details.missing;
    }
  };

  it('are listed until all of them exist', () => {
    const libraries = join(folder.path(), 'bin', 'napi-v6', 'linux', 'x64');
    const names = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];
    const paths = names.map((name) => join(libraries, name));
    assert.match(missing({ platform: 'darwin arm64' }).join(), /linux x64 \(this one is darwin arm64\)/);
    assert.deepEqual(missing({}).slice(0, 2), paths);
    assert.match(missing({})[2] ?? '', /NVIDIA’s driver/);
    mkdirSync(libraries, { recursive: true });
    for (const path of paths) writeFileSync(path, '');
    assert.equal(missing({}).length, 1);
    assert.deepEqual(listDevices(host({})), ['cpu']);
    writeFileSync(folder.at('driver'), '');
    assert.deepEqual(missing({}), []);
    assert.deepEqual(listDevices(host({})), ['cpu', 'cuda']);
  });
});
