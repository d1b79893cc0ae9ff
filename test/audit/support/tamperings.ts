import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FindingCode } from '../../../schemas/audit';
import type { Line, Tampered } from './tampered';

type Change = (run: Tampered) => unknown;
/** How a run is changed, and the finding that must come first. */
export type Tampering = readonly [how: string, code: FindingCode, change: Change];

const flip = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
};

const payloadOf: Readonly<Record<string, string>> = {
  evaluate: 'items.jsonl',
  trainSft: 'adapter_model.safetensors',
};
const payload = (run: Tampered, kind: string): string => join(run.artifact(kind), payloadOf[kind] ?? '');
const manifest = (run: Tampered, kind: string): string => join(run.artifact(kind), 'manifest.json');

function editFirstItem(run: Tampered, change: (item: Record<string, unknown>) => void): void {
  run.edit(payload(run, 'evaluate'), (text) => {
    const [first = '', ...rest] = text.split('\n');
    const item = JSON.parse(first) as Record<string, unknown>;
    change(item);
    return [JSON.stringify(item), ...rest].join('\n');
  });
}

/** By somebody who changes one file. */
export const plain: readonly Tampering[] = [
  ['the experiment’s chain is taken away', 'chain-missing', (run) => run.remove(run.chain)],
  [
    'a price in the recorded definition is changed',
    'chain-broken',
    (run) => run.edit(run.chain, (text) => text.replace('"preferencePair":0.001', '"preferencePair":0.009')),
  ],
  [
    'a line of the experiment is removed',
    'chain-broken',
    (run) => run.edit(run.chain, (text) => text.split('\n').toSpliced(3, 1).join('\n')),
  ],
  [
    'two lines of the experiment change places',
    'chain-broken',
    (run) =>
      run.edit(run.chain, (text) => {
        const [first, second, third, ...rest] = text.split('\n');
        return [first, third, second, ...rest].join('\n');
      }),
  ],
  [
    'the experiment’s last line is cut off',
    'anchor-cut',
    (run) => run.edit(run.chain, (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`),
  ],
  [
    'what an attempt took is made less',
    'chain-broken',
    (run) =>
      run.edit(run.stageChain(run.artifact('trainSft')), (text) => text.replace('"fence":1', '"fence":2')),
  ],
  [
    'a stage’s chain is taken away',
    'chain-missing',
    (run) => run.remove(run.stageChain(run.artifact('trainSft'))),
  ],
  [
    'a stage’s chain is replaced by another stage’s',
    'chain-foreign',
    (run) => cpSync(run.stageChain(run.artifact('evaluate')), run.stageChain(run.artifact('trainSft'))),
  ],
  [
    'the last line of a stage’s chain is cut off',
    'stage-head',
    (run) =>
      run.edit(
        run.stageChain(run.artifact('trainSft')),
        (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`,
      ),
  ],
  ['the anchor is taken away', 'anchor-missing', (run) => run.remove(run.anchor)],
  ['the anchor is spoilt', 'anchor-invalid', (run) => run.edit(run.anchor, (text) => text.slice(9))],
  [
    'the signature is taken away',
    'signature-missing',
    (run) => run.editJson(run.anchor, (anchor: Record<string, unknown>) => delete anchor['signature']),
  ],
  [
    'the signature is spoilt',
    'signature-invalid',
    (run) =>
      run.editJson(
        run.anchor,
        (anchor: { signature: { signature: string } }) => void (anchor.signature.signature = 'AAAA'),
      ),
  ],
  ['one bit of trained weights is another', 'artifact-file', (run) => flip(payload(run, 'trainSft'))],
  [
    'a demonstration’s text is another',
    'artifact-file',
    (run) => {
      const dirs = [0, 1].map((nth) => join(run.artifact('synthesizeData', nth), 'demonstrations.jsonl'));
      const path = dirs.find((file) => run.manifest(join(file, '..')).title.includes('demonstrations')) ?? '';
      run.edit(path, (text) => text.replace(/"completion":"/, '"completion":" '));
    },
  ],
  [
    'an answer is marked right',
    'artifact-file',
    (run) => editFirstItem(run, (item) => (item['score'] = 0.5)),
  ],
  ['a file of an artifact is taken away', 'artifact-file', (run) => run.remove(payload(run, 'trainSft'))],
  [
    'a file is added to an artifact',
    'artifact-file',
    (run) => writeFileSync(join(run.artifact('freezeReference'), 'more.txt'), 'more'),
  ],
  ['an artifact is taken away', 'artifact-missing', (run) => run.remove(run.artifact('trainPreference'))],
  [
    'a manifest is spoilt',
    'manifest-invalid',
    (run) => run.edit(manifest(run, 'evaluate'), (text) => text.slice(1)),
  ],
  [
    'a manifest’s digest is another',
    'manifest-invalid',
    (run) =>
      run.editJson(
        manifest(run, 'evaluate'),
        (made: { digest: string }) => void (made.digest = 'a'.repeat(64)),
      ),
  ],
  [
    'a manifest names another host',
    'manifest-changed',
    (run) =>
      run.editJson(
        manifest(run, 'trainSft'),
        (made: { made: { host: string } }) => void (made.made.host = 'elsewhere'),
      ),
  ],
  [
    'a manifest’s score is better',
    'manifest-changed',
    (run) =>
      run.editJson(
        manifest(run, 'evaluate'),
        (made: { metrics: { score: number } }) => void (made.metrics.score = 1),
      ),
  ],
  [
    'a manifest’s learning rate is another',
    'key-contradiction',
    (run) =>
      run.editJson(
        manifest(run, 'trainSft'),
        (made: { spec: { training: { learningRate: number } } }) =>
          void (made.spec.training.learningRate = 1),
      ),
  ],
  [
    'a manifest names another input',
    'key-contradiction',
    (run) =>
      run.editJson(
        manifest(run, 'trainSft'),
        (made: { inputs: { data: string } }) => void (made.inputs.data = 'b'.repeat(64)),
      ),
  ],
  ['a history is taken away', 'history-missing', (run) => run.remove(run.history('cell'))],
  [
    'a history’s time is another',
    'history-changed',
    (run) => run.edit(run.history('sweep'), (text) => text.replace(/"eventTime": ?"2/, '"eventTime":"3')),
  ],
  [
    'the end of a history belongs to another beginning',
    'history-extended',
    (run) => run.edit(run.history('complete'), (text) => text.replace(/"attempt": ?1/, '"attempt":2')),
  ],
  [
    'the history with its end is spoilt',
    'history-extended',
    (run) => run.edit(run.history('complete'), (text) => text.slice(2)),
  ],
  [
    'a score in result.json is better',
    'result-contradiction',
    (run) =>
      run.editJson(
        run.result,
        (record: { result: { cells: { evaluation: { score: number } }[] } }) =>
          void (record.result.cells[0]!.evaluation.score += 0.5),
      ),
  ],
  ['result.json is spoilt', 'result-contradiction', (run) => run.edit(run.result, (text) => text.slice(2))],
  ['a page of results is taken away', 'document-missing', (run) => run.remove(run.page())],
  [
    'a score on a page of results is better',
    'document-changed',
    (run) => run.edit(run.page(), (text) => text.replace(/"score":/, '"score":1')),
  ],
  ['the workflow code is taken away', 'code-missing', (run) => run.remove(run.code())],
  ['the workflow code is another', 'code-changed', (run) => run.edit(run.code(), (text) => `${text}\n`)],
];

const setLine = (run: Tampered, path: string, type: string, change: Record<string, unknown>): void =>
  void run.rechain(path, (lines) =>
    lines.map((line): Line => (line.type === type ? { ...line, ...change } : line)),
  );

/** By somebody who computes one chain, or one manifest, anew. */
export const skilled: readonly Tampering[] = [
  [
    'the experiment’s chain is computed anew',
    'anchor-cut',
    (run) => setLine(run, run.chain, 'experiment-opened', { actor: 'somebody else' }),
  ],
  [
    'the chain is another experiment’s',
    'chain-foreign',
    (run) => setLine(run, run.chain, 'experiment-opened', { experimentId: 'another' }),
  ],
  [
    'a stage’s chain is computed anew',
    'stage-head',
    (run) => setLine(run, run.stageChain(run.artifact('trainSft')), 'attempt-ended', { tokens: 1 }),
  ],
  [
    'the anchor is moved to an earlier line',
    'signature-invalid',
    (run) => {
      const lines = run.lines(run.chain);
      const head = lines.at(-1)?.['previous'];
      run.editJson(run.anchor, (anchor: object) => Object.assign(anchor, { head, lines: lines.length - 1 }));
    },
  ],
  [
    'trained weights are another, and their manifest agrees',
    'artifact-ledger',
    async (run) => {
      flip(payload(run, 'trainSft'));
      await run.resealArtifact(run.artifact('trainSft'));
    },
  ],
];

/** By somebody who may write everything and computes all of it anew; the trusted key is not asked for. */
export const whole: readonly Tampering[] = [
  [
    'an answer is marked right',
    'evaluation-score',
    (run) => editFirstItem(run, (item) => (item['score'] = 0.5)),
  ],
  [
    'an answer is marked right, and every score agrees',
    'history-contradiction',
    (run) => {
      editFirstItem(run, (item) => (item['score'] = 13));
      const items = readFileSync(payload(run, 'evaluate'), 'utf8').trimEnd().split('\n');
      const scores = items.map((line) => (JSON.parse(line) as { score: number }).score);
      const score = scores.reduce((sum, each) => sum + each, 0) / scores.length;
      run.editJson(join(run.artifact('evaluate'), 'summary.json'), (said: object) =>
        Object.assign(said, { score }),
      );
      run.editJson(
        manifest(run, 'evaluate'),
        (made: { metrics: object }) => void Object.assign(made.metrics, { score }),
      );
    },
  ],
  [
    'a test item is one of the training rows',
    'evaluation-leak',
    (run) => {
      const dirs = [0, 1].map((nth) => run.artifact('synthesizeData', nth));
      const dir = dirs.find((each) => run.manifest(each).title.includes('pairs')) ?? '';
      const [pair = ''] = readFileSync(join(dir, 'pairs.jsonl'), 'utf8').split('\n');
      const { prompt } = JSON.parse(pair) as { prompt: string };
      editFirstItem(run, (item) => (item['prompt'] = ` ${prompt.toUpperCase()}`));
    },
  ],
  [
    'a policy’s manifest names another reference’s bytes',
    'lineage-broken',
    (run) =>
      run.editJson(
        manifest(run, 'trainPreference'),
        (made: { inputDigests: { reference: string } }) =>
          void (made.inputDigests.reference = 'c'.repeat(64)),
      ),
  ],
  [
    'a policy was trained against another reference',
    'reference-mismatch',
    (run) => {
      const chain = run.stageChain(run.artifact('trainPreference'));
      const inputDigests = { reference: 'c'.repeat(64), data: 'd'.repeat(64) };
      setLine(run, chain, 'attempt-ended', { inputDigests });
    },
  ],
  [
    'an attempt’s beginning is taken away',
    'attempt-contradiction',
    (run) => run.rechain(run.stageChain(run.artifact('trainSft')), (lines) => lines.slice(1)),
  ],
  [
    'an attempt ends twice',
    'attempt-contradiction',
    (run) => run.rechain(run.stageChain(run.artifact('trainSft')), (lines) => [...lines, lines.at(-1)!]),
  ],
  [
    'the recorded definition is another',
    'definition-changed',
    (run) =>
      run.rechain(run.chain, ([first, ...rest]) => {
        const definition = { ...(first?.['definition'] as object), budgets: [8, 16] };
        return [{ ...first!, definition }, ...rest];
      }),
  ],
  [
    'a history asks for another stage',
    'history-replay',
    (run) => {
      const complete = run.history('complete');
      run.edit(run.history('cell'), (text) =>
        text.replace(/"name": ?"synthesizeData"/, '"name":"freezeReference"'),
      );
      run.remove(complete);
    },
  ],
  [
    'a stage was run by no attempt',
    'history-contradiction',
    (run) => setLine(run, run.stageChain(run.artifact('trainSft')), 'attempt-started', { runId: 'another' }),
  ],
];
