import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { configuredAddress, embeddedEnvironment, readConfiguration } from '../../../connection';
import { temporaryFolder } from '../../support/temporary';

const profiles = `
[profile.default]
address = "one.example:7233"
namespace = "one"

[profile.fleet]
address = "fleet.example:7233"
namespace = "study"
api_key = "key-of-the-fleet"

[profile.fleet.tls]
server_name = "inner.example"
`;

describe('the connection to Temporal', () => {
  const folder = temporaryFolder();
  const path = (): string => folder.at('temporal.toml');
  before(() => writeFile(path(), profiles));

  it('uses a profile: address, namespace, API key, TLS', () => {
    const env = { TEMPORAL_CONFIG_FILE: path(), TEMPORAL_PROFILE: 'fleet' };
    const { address, namespace, options } = readConfiguration({ env });
    assert.deepEqual(
      [address, namespace, options.apiKey],
      ['fleet.example:7233', 'study', 'key-of-the-fleet'],
    );
    assert.equal((options.tls as { serverNameOverride?: string }).serverNameOverride, 'inner.example');
    assert.equal(configuredAddress({ TEMPORAL_CONFIG_FILE: path() }), 'one.example:7233');
  });

  it('prefers variables to profiles, and keeps TLS and key for another address', () => {
    const env = { TEMPORAL_CONFIG_FILE: path(), TEMPORAL_PROFILE: 'fleet', TEMPORAL_NAMESPACE: 'other' };
    const { address, namespace, options } = readConfiguration({ env, address: 'second.example:7233' });
    assert.deepEqual(
      [address, namespace, options.apiKey],
      ['second.example:7233', 'other', 'key-of-the-fleet'],
    );
  });

  it('replaces only the configured address, also if none is configured', () => {
    const env = {
      TEMPORAL_API_KEY: 'secret',
      TEMPORAL_NAMESPACE: 'theirs',
      TEMPORAL_TLS_SERVER_NAME: 'inner',
    };
    const { address, namespace, options } = readConfiguration({ env, address: 'other.example:7233' });
    assert.deepEqual([address, namespace, options.apiKey], ['other.example:7233', 'theirs', 'secret']);
    assert.equal((options.tls as { serverNameOverride?: string }).serverNameOverride, 'inner');
  });

  it('gives the embedded server no key, and uses no namespace or TLS for it', () => {
    const env = {
      TEMPORAL_CONFIG_FILE: path(),
      TEMPORAL_PROFILE: 'fleet',
      TEMPORAL_API_KEY: 'secret',
      TEMPORAL_NAMESPACE: 'theirs',
      PATH: '/bin',
    };
    const own = embeddedEnvironment(env, '127.0.0.1:7233');
    const { address, namespace, options } = readConfiguration({ env: own });
    assert.deepEqual([address, namespace], ['127.0.0.1:7233', 'default']);
    assert.deepEqual([options.apiKey, options.tls], [undefined, undefined]);
    assert.equal(own['PATH'], '/bin');
  });

  it('reports an invalid profile', async () => {
    await writeFile(folder.at('broken.toml'), '[profile.default\naddress=');
    const read = (): unknown =>
      readConfiguration({ env: { TEMPORAL_CONFIG_FILE: folder.at('broken.toml') } });
    assert.throws(read, { code: 'CONNECTION_INVALID' });
    const missing = { TEMPORAL_CONFIG_FILE: folder.at('missing.toml') };
    assert.throws(() => readConfiguration({ env: missing }), /missing\.toml/);
  });
});
