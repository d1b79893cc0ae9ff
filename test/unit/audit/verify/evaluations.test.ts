import { strict as assert } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openExperimentLedger, recordStages } from '../../../../audit';
import { checkEvaluations } from '../../../../audit/verify/evaluations';
import { Subject } from '../../../../audit/verify/subject';
import { digestOf } from '../../../../core/digest';
import { createFolderStore, type Store } from '../../../../store';
import { paidNothing } from '../../../support/payments';
import { temporaryFolder } from '../../../support/temporary';

const instruction =
  'Solve the problem. Write one line for each step and then a last line with the answer as a number.';
const put = (question: string): string => `${instruction}\n\nQuestion: ${question}\nAnswer:\n`;
const long = 'A robe takes two bolts of blue fiber and half that much white fiber of the best kind';
const questions = {
  training: ['How many legs have 3 cats?', 'What is 4 less 1?'],
  items: ['What is 2 and 5?', long],
};

interface Rows {
  readonly training: readonly string[];
  readonly items: readonly string[];
  /** Text before each evaluated prompt. */
  readonly shots?: string;
  /** Prompts of an auxiliary task. */
  readonly auxiliary?: readonly string[];
}

describe('evaluation items among training rows', () => {
  const folder = temporaryFolder();
  const cost = { wallMs: 1, deviceMs: 1, cpuMs: 1, tokens: 1, attempts: 1, verifierCalls: 0 };
  const made = {
    at: new Date().toISOString(),
    host: 'h',
    experimentId: 'e',
    fence: 1,
    paid: paidNothing,
    device: 'cpu',
    threads: 1,
    trainer: 't',
    microBatches: [],
    warnings: [],
    cost,
  };
  let count = 0;

  async function publish(
    store: Store,
    kind: 'synthesizeData' | 'evaluate',
    { files, inputs = {} }: { files: Record<string, string>; inputs?: Record<string, string> },
  ): Promise<string> {
    const key = digestOf({ kind });
    const dir = join(store.name, kind);
    await mkdir(dir, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      await writeFile(join(dir, name), text);
    }
    const other = { task: 'other', items: 1, maxNewTokens: 1, data: { source: 'files', test: 'digest' } };
    const auxiliary = Object.keys(files).some((name) => name.startsWith('auxiliary/')) ? [other] : undefined;
    const spec = { data: { source: 'files' }, evaluation: { auxiliary } };
    const makes = kind === 'evaluate' ? 'scores' : 'rows';
    const about = { makes, revision: 1, title: kind, spec, inputs, inputDigests: {} };
    const found = [{ name: 'other', metric: 'accuracy', metrics: { score: 0 }, scores: {} }];
    const measured: { metrics: Record<string, number>; auxiliary?: typeof found } =
      kind === 'evaluate' ? { metrics: { score: 0 }, auxiliary: found } : { metrics: {} };
    const manifest = { ...about, ...measured, made };
    const { digest: artifact } = (
      await store.publish({ id: { kind, key }, dir, manifest }, { check: () => Promise.resolve() })
    ).manifest;
    await recordStages(store, 'e', [{ stage: key, kind, cached: false, artifact, stageHead: null }]);
    return key;
  }

  /** Files of the auxiliary task. Ids are those of training rows, which must not count as leaks. */
  const auxiliaryFiles = (prompts: readonly string[]): Record<string, string> => {
    const rows = prompts.map((prompt, index) => JSON.stringify({ id: `train-${index}`, prompt, score: 0 }));
    const summary = JSON.stringify({ score: 0, items: prompts.length });
    return { 'auxiliary/other/items.jsonl': `${rows.join('\n')}\n`, 'auxiliary/other/summary.json': summary };
  };

  async function findLeaks({ training, items, shots = '', auxiliary }: Rows): Promise<string[]> {
    const store = createFolderStore(folder.at(`home-${count++}`));
    await store.prepare();
    await openExperimentLedger(store, {
      experimentId: 'e',
      definitionDigest: 'd'.repeat(64),
      definition: {},
      actor: 'a',
    });
    const lines = (rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const rows = training.map((question, index) => ({ id: `train-${index}`, prompt: put(question) }));
    const data = await publish(store, 'synthesizeData', { files: { 'demonstrations.jsonl': lines(rows) } });
    const scored = items.map((question, index) => ({
      id: `test-${index}`,
      prompt: shots + put(question),
      score: 0,
    }));
    await publish(store, 'evaluate', {
      files: {
        'items.jsonl': lines(scored),
        'summary.json': JSON.stringify({ score: 0, items: items.length }),
        ...(auxiliary === undefined ? {} : auxiliaryFiles(auxiliary)),
      },
      inputs: { data },
    });
    const found = await checkEvaluations(new Subject({ store, home: store.name, experimentId: 'e' }));
    return 'findings' in found
      ? (found.findings ?? []).map(({ where }) => where.replace(/.*:/, ''))
      : ['skipped'];
  }

  it('are none if prompts share only the template of the task', async () => {
    assert.deepEqual(await findLeaks(questions), []);
  });

  it('are none if few-shot demonstrations precede each prompt', async () => {
    const shots = `${put(questions.training[0] ?? '')}Step 1: 12\n\n`;
    assert.deepEqual(await findLeaks({ ...questions, shots }), []);
  });

  it('are found by a shared run of thirteen words', async () => {
    const training = [...questions.training, `Say: ${long}, at what price?`];
    assert.deepEqual(await findLeaks({ ...questions, training }), ['2']);
  });

  it('are found by the whole text, even if it is short', async () => {
    assert.deepEqual(await findLeaks({ ...questions, training: ['What is 2 and 5?', 'And 3?'] }), ['1']);
  });

  it('are found among the items of an auxiliary task, by text and not by id', async () => {
    const training = [...questions.training, long];
    const items = ['What is 2 and 5?'];
    assert.deepEqual(
      await findLeaks({ training, items, auxiliary: ['Tell me a story.', 'Sing a song.'] }),
      [],
    );
    const leaked = `Please say this again: ${long}`;
    assert.deepEqual(await findLeaks({ training, items, auxiliary: ['Tell me a story.', leaked] }), ['2']);
  });
});
