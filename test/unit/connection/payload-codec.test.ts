import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import {
  ApplicationFailure,
  ChildWorkflowFailure,
  defaultPayloadConverter,
  type Payload,
  type PayloadCodec,
  type ProtoFailure,
} from '@temporalio/common';
import {
  decodeFailure,
  decodeOptionalFailureToOptionalError,
  encodeErrorToFailure,
  encodeFailure,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow';
import { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { readConfiguration } from '../../../connection';
import { failureConverter as inWorkflows } from '../../../workflows/failure-converter';
import { temporaryFolder } from '../../support/temporary';

const { Failure: FailureMessage } = temporal.api.failure.v1;

const makeKey = (name: string): string => `${name}:${randomBytes(32).toString('base64')}`;

function codecOf(keys: string): PayloadCodec {
  const { dataConverter } = readConfiguration({ env: { BUDGETLINE_PAYLOAD_KEYS: keys } });
  const [codec] = dataConverter.payloadCodecs ?? [];
  assert.ok(codec !== undefined);
  return codec;
}

const toPayload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);

describe('the payload codec', () => {
  const folder = temporaryFolder();
  const [a, b] = [makeKey('a'), makeKey('b')];

  it('returns what it encrypted, and hides it', async () => {
    const codec = codecOf(a);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const [sealed] = await codec.encode([toPayload(value)]);
        const [opened] = await codec.decode([sealed!]);
        assert.deepEqual(defaultPayloadConverter.fromPayload(opened!), JSON.parse(JSON.stringify(value)));
      }),
    );
    const [sealed] = await codec.encode([toPayload('a word in plain text')]);
    assert.ok(!Buffer.from(sealed?.data ?? []).includes('clear'));
    const [again] = await codec.encode([toPayload('a word in plain text')]);
    assert.notDeepEqual(again?.data, sealed?.data, 'a nonce is never used twice');
  });

  it('decrypts with every key, encrypts with the first, and names a missing one', async () => {
    const old = await codecOf(a).encode([toPayload(1)]);
    const [opened] = await codecOf(`${b},${a}`).decode(old);
    assert.equal(defaultPayloadConverter.fromPayload(opened!), 1);
    const [fresh] = await codecOf(`${b},${a}`).encode([toPayload(1)]);
    assert.equal(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString(), 'b');
    await assert.rejects(codecOf(b).decode(old), { code: 'CONNECTION_INVALID', message: /"a"/ });
  });

  it('names the key that does not decrypt a payload of its name, and lets an unencrypted one pass', async () => {
    const [sealed] = await codecOf(a).encode([toPayload(1)]);
    const data = Buffer.from(sealed?.data ?? []);
    const refused = { code: 'CONNECTION_INVALID', message: /"a" does not decrypt/ };
    await assert.rejects(codecOf(makeKey('a')).decode([sealed!]), refused);
    for (const wrong of [
      Buffer.alloc(0),
      data.subarray(0, 20),
      data.map((byte, at) => (at === 14 ? byte ^ 1 : byte)),
    ])
      await assert.rejects(codecOf(a).decode([{ ...sealed, data: wrong }]), refused);
    assert.deepEqual(await codecOf(a).decode([toPayload(1)]), [toPayload(1)]);
  });

  it('encrypts nothing without a key, and names the key that an encrypted payload needs', async () => {
    const codec = readConfiguration({ env: {} }).dataConverter.payloadCodecs?.[0];
    assert.deepEqual(await codec?.encode([toPayload(1)]), [toPayload(1)]);
    const sealed = await codecOf(a).encode([toPayload(1)]);
    await assert.rejects(codec!.decode(sealed), { code: 'CONNECTION_INVALID', message: /"a" is missing/ });
  });

  it('encrypts the messages of failures, and a workflow passes them on unchanged', async () => {
    const { dataConverter } = readConfiguration({ env: { BUDGETLINE_PAYLOAD_KEYS: a } });
    const loaded = loadDataConverter(dataConverter);
    const error = ApplicationFailure.nonRetryable('row 7 says in clear', 'DATA_INVALID');
    const wire = (failure: ProtoFailure): Buffer => Buffer.from(FailureMessage.encode(failure).finish());
    const sent = await encodeErrorToFailure(loaded, error);
    assert.ok(!wire(sent).includes('in clear'));
    const came = await decodeFailure(loaded.payloadCodecs, sent);
    const cause = inWorkflows.failureToError(came, defaultPayloadConverter);
    assert.equal(cause.message, 'row 7 says in clear');
    const execution = { workflowId: 'w', runId: 'r' };
    const cell = new ChildWorkflowFailure('d', execution, 'cell', 'NON_RETRYABLE_FAILURE', cause);
    const passedOn = inWorkflows.errorToFailure(cell, defaultPayloadConverter);
    const stored = await encodeFailure(loaded.payloadCodecs, passedOn);
    assert.ok(!wire(stored).includes('in clear'));
    const read = await decodeOptionalFailureToOptionalError(loaded, stored);
    assert.equal((read?.cause as Error).message, 'row 7 says in clear');
    const plain = inWorkflows.errorToFailure(error, defaultPayloadConverter);
    assert.equal(plain.message, 'row 7 says in clear', 'without a key nothing is hidden');
  });

  it('reads keys from a file; an invalid key is named by its position, not by its text', async () => {
    await writeFile(folder.at('keys'), `${a}\n${b}\n`);
    const env = { BUDGETLINE_PAYLOAD_KEYS_FILE: folder.at('keys') };
    assert.equal(readConfiguration({ env }).dataConverter.payloadCodecs?.length, 1);
    for (const wrong of ['short:c2VjcmV0', 'secretsecret', `${a},${a}`])
      assert.throws(
        () => codecOf(wrong),
        (error: Error & { code?: string }) =>
          error.code === 'CONNECTION_INVALID' &&
          !error.message.includes('secret') &&
          !error.message.includes('c2Vj'),
      );
    const missing = { BUDGETLINE_PAYLOAD_KEYS_FILE: folder.at('nowhere') };
    assert.throws(() => readConfiguration({ env: missing }), {
      code: 'CONNECTION_INVALID',
      message: /nowhere/,
    });
  });
});
