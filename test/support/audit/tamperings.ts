import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FindingCode } from '../../../schemas/audit';
import type { Line, Tampered } from './tampered';

type Change = (run: Tampered) => unknown;
/** A change of a run, and the expected first finding. */
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

/** Changes of one file. */
export const plain: readonly Tampering[] = [
  ['the experiment’s chain is removed', 'chain-missing', (run) => run.remove(run.chain)],
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
    'two lines of the experiment are swapped',
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
    'the fence of an attempt is changed',
    'chain-broken',
    (run) =>
      run.edit(run.stageChain(run.artifact('trainSft')), (text) => text.replace('"fence":1', '"fence":2')),
  ],
  [
    'a stage’s chain is removed',
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
  ['the anchor is removed', 'anchor-missing', (run) => run.remove(run.anchor)],
  ['the anchor is damaged', 'anchor-invalid', (run) => run.edit(run.anchor, (text) => text.slice(9))],
  [
    'the signature is removed',
    'signature-missing',
    (run) => run.editJson(run.anchor, (anchor: Record<string, unknown>) => delete anchor['signature']),
  ],
  [
    'the signature is damaged',
    'signature-invalid',
    (run) =>
      run.editJson(
        run.anchor,
        (anchor: { signature: { signature: string } }) => void (anchor.signature.signature = 'AAAA'),
      ),
  ],
  ['one bit of trained weights is changed', 'artifact-file', (run) => flip(payload(run, 'trainSft'))],
  [
    'a demonstration’s text is changed',
    'artifact-file',
    (run) => {
      const dirs = [0, 1].map((nth) => join(run.artifact('synthesizeData', nth), 'demonstrations.jsonl'));
      const path = dirs.find((file) => run.manifest(join(file, '..')).title.includes('demonstrations')) ?? '';
      run.edit(path, (text) => text.replace(/"completion":"/, '"completion":" '));
    },
  ],
  [
    'an item’s score is changed',
    'artifact-file',
    (run) => editFirstItem(run, (item) => (item['score'] = 0.5)),
  ],
  ['a file of an artifact is removed', 'artifact-file', (run) => run.remove(payload(run, 'trainSft'))],
  [
    'a file is added to an artifact',
    'artifact-file',
    (run) => writeFileSync(join(run.artifact('freezeReference'), 'more.txt'), 'more'),
  ],
  ['an artifact is removed', 'artifact-missing', (run) => run.remove(run.artifact('trainPreference'))],
  [
    'a manifest is damaged',
    'manifest-invalid',
    (run) => run.edit(manifest(run, 'evaluate'), (text) => text.slice(1)),
  ],
  [
    'a manifest’s digest is changed',
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
    'a manifest’s score is changed',
    'manifest-changed',
    (run) =>
      run.editJson(
        manifest(run, 'evaluate'),
        (made: { metrics: { score: number } }) => void (made.metrics.score = 1),
      ),
  ],
  [
    'a manifest’s learning rate is changed',
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
  ['a history is removed', 'history-missing', (run) => run.remove(run.history('cell'))],
  [
    'a history’s time is changed',
    'history-changed',
    (run) => run.edit(run.history('sweep'), (text) => text.replace(/"eventTime": ?"2/, '"eventTime":"3')),
  ],
  [
    'the complete history does not extend the exported one',
    'history-extended',
    (run) => run.edit(run.history('complete'), (text) => text.replace(/"attempt": ?1/, '"attempt":2')),
  ],
  [
    'the complete history is damaged',
    'history-extended',
    (run) => run.edit(run.history('complete'), (text) => text.slice(2)),
  ],
  [
    'a score in result.json is changed',
    'result-contradiction',
    (run) =>
      run.editJson(
        run.result,
        (record: { result: { cells: { evaluation: { score: number } }[] } }) =>
          void (record.result.cells[0]!.evaluation.score += 0.5),
      ),
  ],
  ['result.json is damaged', 'result-contradiction', (run) => run.edit(run.result, (text) => text.slice(2))],
  [
    'the sweep’s spend in result.json is changed, and its anchor names an early line',
    'spend-contradiction',
    (run) =>
      run.editJson(run.result, (stored: { result: { anchor: object; spend: { usd: number } } }) => {
        const [, second] = run.lines(run.chain);
        Object.assign(stored.result.anchor, { head: second?.['previous'] });
        stored.result.spend.usd += 5;
      }),
  ],
  [
    'the purchases of rows are removed',
    'purchase-missing',
    (run) => run.remove(run.purchases(run.artifact('synthesizeData'))),
  ],
  ['a page of results is removed', 'document-missing', (run) => run.remove(run.page())],
  [
    'a score on a page of results is changed',
    'document-changed',
    (run) => run.edit(run.page(), (text) => text.replace(/"score":/, '"score":1')),
  ],
  ['the workflow code is removed', 'code-missing', (run) => run.remove(run.code())],
  ['the workflow code is changed', 'code-changed', (run) => run.edit(run.code(), (text) => `${text}\n`)],
];

const setLine = (run: Tampered, path: string, type: string, change: Record<string, unknown>): void =>
  void run.rechain(path, (lines) =>
    lines.map((line): Line => (line.type === type ? { ...line, ...change } : line)),
  );

/** Changes with one recomputed chain or manifest. */
export const skilled: readonly Tampering[] = [
  [
    'the experiment’s chain is recomputed',
    'anchor-cut',
    (run) => setLine(run, run.chain, 'experiment-opened', { actor: 'eve' }),
  ],
  [
    'the chain belongs to another experiment',
    'chain-foreign',
    (run) => setLine(run, run.chain, 'experiment-opened', { experimentId: 'another' }),
  ],
  [
    'a stage’s chain is recomputed',
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
    'trained weights are changed, and their manifest is recomputed',
    'artifact-ledger',
    async (run) => {
      flip(payload(run, 'trainSft'));
      await run.resealArtifact(run.artifact('trainSft'));
    },
  ],
  [
    'rows are bought a second time',
    'rows-bought-twice',
    (run) => run.rechain(run.purchases(run.artifact('synthesizeData')), (lines) => [...lines, lines.at(-1)!]),
  ],
  [
    'rows have another price than in the definition',
    'payment-contradiction',
    (run) =>
      setLine(run, run.purchases(run.artifact('synthesizeData')), 'rows-bought', { rowUsd: 5, usd: 20 }),
  ],
  [
    'the purchases are those of other rows',
    'chain-foreign',
    (run) =>
      setLine(run, run.purchases(run.artifact('synthesizeData')), 'rows-bought', { nest: 'a'.repeat(64) }),
  ],
];

/** Changes of what attempts paid, with one recomputed chain. Earlier checks find them too. */
export const payments: readonly Tampering[] = [
  [
    'the sweep’s spend in result.json is changed',
    'spend-contradiction',
    (run) =>
      run.editJson(
        run.result,
        ({ result }: { result: { spend: { usd: number } } }) => void (result.spend.usd += 0.001),
      ),
  ],
  [
    'an attempt has paid more',
    'payment-contradiction',
    (run) => setLine(run, run.stageChain(run.artifact('synthesizeData')), 'attempt-ended', { usd: 99 }),
  ],
  [
    'an attempt has paid for its rows again',
    'purchase-missing',
    (run) =>
      setLine(run, run.stageChain(run.artifact('synthesizeData')), 'attempt-ended', { usd: 99, rowsUsd: 99 }),
  ],
  [
    'an attempt has paid nothing for the rows that it bought',
    'payment-contradiction',
    (run) => {
      const bought = run.purchases(run.artifact('synthesizeData'));
      const [{ stage } = { stage: '' }] = run.lines(bought);
      setLine(run, run.paths.part({ stage: String(stage) }), 'attempt-ended', { usd: 0, rowsUsd: 0 });
    },
  ],
];

/** Changes with everything recomputed, without a trusted key. */
export const whole: readonly Tampering[] = [
  [
    'an item’s score is changed',
    'evaluation-score',
    (run) => editFirstItem(run, (item) => (item['score'] = 0.5)),
  ],
  [
    'an item’s score is changed, and every mean is recomputed',
    'history-contradiction',
    (run) => {
      editFirstItem(run, (item) => (item['score'] = 13));
      const items = readFileSync(payload(run, 'evaluate'), 'utf8').trimEnd().split('\n');
      const scores = items.map((line) => (JSON.parse(line) as { score: number }).score);
      const score = scores.reduce((sum, each) => sum + each, 0) / scores.length;
      run.editJson(join(run.artifact('evaluate'), 'summary.json'), (summary: object) =>
        Object.assign(summary, { score }),
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
      const dir = run.artifactWith('synthesizeData', 'pairs.jsonl');
      const [pair = ''] = readFileSync(join(dir, 'pairs.jsonl'), 'utf8').split('\n');
      const { prompt } = JSON.parse(pair) as { prompt: string };
      editFirstItem(run, (item) => (item['prompt'] = ` ${prompt.toUpperCase()}`));
    },
  ],
  [
    'a policy’s manifest has another digest of the reference',
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
    'an attempt’s start is removed',
    'attempt-contradiction',
    (run) => run.rechain(run.stageChain(run.artifact('trainSft')), (lines) => lines.slice(1)),
  ],
  [
    'an attempt ends twice',
    'attempt-contradiction',
    (run) => run.rechain(run.stageChain(run.artifact('trainSft')), (lines) => [...lines, lines.at(-1)!]),
  ],
  [
    'the recorded definition is changed',
    'definition-changed',
    (run) =>
      run.rechain(run.chain, ([first, ...rest]) => {
        const definition = { ...(first?.['definition'] as object), budgets: [8, 16] };
        return [{ ...first!, definition }, ...rest];
      }),
  ],
  [
    'a history schedules another stage',
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
    'a stage has no attempt of its run',
    'history-contradiction',
    (run) => setLine(run, run.stageChain(run.artifact('trainSft')), 'attempt-started', { runId: 'another' }),
  ],
];
