import { strict as assert } from 'node:assert';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isSignedBy, readSigningKey, readTrustedKey, signHead } from '../../../audit';
import { temporaryFolder } from '../../support/temporary';

const head = { head: 'a'.repeat(64), lines: 7 };

describe('signed heads', () => {
  const folder = temporaryFolder();

  before(async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await writeFile(folder.at('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(folder.at('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    await writeFile(folder.at('rsa.pem'), rsa.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(folder.at('none.pem'), 'no key');
  });

  it('are valid only for their experiment, head and length', () => {
    const signature = signHead(readSigningKey(folder.at('key.pem')), 'e', head);
    assert.equal(signature.publicKey, readTrustedKey(folder.at('key.pub')));
    assert.ok(isSignedBy('e', head, signature));
    assert.ok(!isSignedBy('other', head, signature));
    assert.ok(!isSignedBy('e', { ...head, lines: 6 }, signature));
    assert.ok(!isSignedBy('e', { ...head, head: 'b'.repeat(64) }, signature));
    assert.ok(!isSignedBy('e', head, { ...signature, signature: 'AAAA' }));
    assert.ok(!isSignedBy('e', head, { ...signature, publicKey: 'AAAA' }));
  });

  for (const name of ['none.pem', 'rsa.pem', 'missing.pem'])
    it(`cannot be made with ${name}`, () => {
      assert.throws(() => readSigningKey(folder.at(name)), { code: 'SIGNING_KEY_INVALID' });
    });
});
