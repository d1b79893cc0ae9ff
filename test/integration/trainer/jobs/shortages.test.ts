import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import type { TrainerJob } from '../../../../schemas/trainer-job';
import { openMetricsLog } from '../../../../trainer/checkpoints/metrics-log';
import { openRowScratch } from '../../../../trainer/checkpoints/row-scratch';
import { temporaryFolder } from '../../../support/temporary';
import {
  generateJob,
  makeDemonstrations,
  makeModel,
  makePrompts,
  sftJob,
} from '../../../support/trainer/tiny-model';
import { eventsOf, runJob, writeRows, type TrainerRun } from '../../../support/trainer/trainer-process';

/** Runs work on a disk of the given KiB, with a function to enlarge it. Skips the test if none can be mounted. */
async function onDisk(
  test: Context,
  { path, sizeKb }: { path: string; sizeKb: number },
  work: (enlarge: () => void) => Promise<void>,
): Promise<void> {
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKb}k`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    console.log('      (no tmpfs can be mounted here: the full disk is not tested)');
    test.skip();
  }
  try {
    await work(() => execFileSync('mount', ['-o', 'remount,size=64m', path]));
  } finally {
    // Lazy: a failed test may have left a file open.
    execFileSync('umount', ['-l', path]);
  }
}

function assertFailed(run: TrainerRun, job: TrainerJob, expected: { status: number; code: string }): void {
  const last = run.events.at(-1);
  assert.ok(last?.event === 'error', run.stderr);
  assert.deepEqual({ status: run.status, code: last.code }, expected, last.message);
  for (const path of [job.outputDir, `${job.outputDir}.partial`]) assert.ok(!existsSync(path), path);
}

const filesOf = (run: TrainerRun) => eventsOf(run, 'result')[0]?.files;

describe('full disks and memory', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let model = '';
  let jobs: Record<'sft' | 'generate', (name: string) => TrainerJob>;
  before(() => {
    model = makeModel(folder.at('model'));
    const data = makeDemonstrations(folder.at('demonstrations.jsonl'), 18);
    const prompts = makePrompts(folder.at('prompts.jsonl'), 64);
    jobs = {
      sft: (name) => sftJob(folder.path(), name, { model, data }),
      generate: (name) => ({ ...generateJob(folder.path(), name, { model, prompts }), samples: 4 }),
    };
  });

  it('a line that fits a disk only in part is DISK_FULL, not a short line', async function () {
    await onDisk(this, { path: folder.at('page'), sizeKb: 8 }, async () => {
      const text = 'x'.repeat(5000);
      const semantics = { command: 'generate' };
      const scratch = await openRowScratch<string>(folder.at('page', 'rows'), { semantics, workDir: '' });
      scratch.append([text]);
      assert.throws(() => scratch.append([text]), { code: 'DISK_FULL' });
      scratch.close();
    });
    await onDisk(this, { path: folder.at('other-page'), sizeKb: 4 }, async () => {
      const log = openMetricsLog(folder.at('other-page', 'metrics.jsonl'));
      assert.throws(() => Array.from({ length: 200 }, (_, step) => log.append(step, { loss: 1 })), {
        code: 'DISK_FULL',
      });
      log.close();
      return Promise.resolve();
    });
  });

  /** Full at the first scratch write, at the last one, and, for generation, at the result. */
  const sizes = { sft: [100, 490], generate: [12, 28, 48] } as const;
  for (const command of ['sft', 'generate'] as const)
    it(`${command}: a full disk: exit 73, DISK_FULL, nothing half-written, and continued from there`, async function () {
      const whole = filesOf(await runJob(jobs[command](`${command}-whole`)));
      for (const sizeKb of sizes[command]) {
        const path = folder.at(`${command}-${sizeKb}`);
        const named = jobs[command](`${command}-job-${sizeKb}`);
        const job = { ...named, workDir: join(path, 'work'), outputDir: join(path, 'out') };
        await onDisk(this, { path, sizeKb }, async (enlarge) => {
          assertFailed(await runJob(job), job, { status: 73, code: 'DISK_FULL' });
          assert.deepEqual(
            readdirSync(join(path, 'work')).filter((name) => name.endsWith('.partial')),
            [],
          );
          enlarge();
          assert.deepEqual(filesOf(await runJob(job)), whole);
        });
      }
    });

  it('no memory left: exit 72, HOST_OUT_OF_MEMORY, nothing half-written', async function () {
    if (process.platform !== 'linux') this.skip();
    const rows = Array.from({ length: 16 }, (_, row) => ({
      id: String(row),
      prompt: 'Q:',
      completion: '7'.repeat(1500),
    }));
    const data = writeRows(folder.at('long.jsonl'), rows);
    const job = sftJob(folder.path(), 'memory', { model, data });
    const large = {
      ...job,
      // All rows at once: a size chosen by the trainer would fit.
      plan: { ...job.plan, microBatchSize: 16 },
      training: { ...job.training, batchSize: 16, maxLength: 2000 },
    };
    const run = await runJob(large, { addressSpaceKb: 2_500_000 });
    assertFailed(run, large, { status: 72, code: 'HOST_OUT_OF_MEMORY' });
  });
});
