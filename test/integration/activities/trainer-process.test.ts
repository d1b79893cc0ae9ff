import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainerJob } from '../../../schemas/trainer-job';
import { trainerEnvironment } from '../../../activities/trainer-process/environment';
import {
  runTrainer,
  type TrainerRun,
  type TrainerSetup,
} from '../../../activities/trainer-process/run-trainer';
import type { TrainerExit } from '../../../activities/trainer-process/supervise';
import { identifyProcess, isProcessAlive } from '../../../store';
import { temporaryFolder } from '../../support/temporary';

const scripted = resolve(__dirname, '../../support/scripted-trainer.js');
const limits = { graceMs: 300, stallMs: 300, silenceMs: 300, openingMs: 2000, callMs: () => 20_000 };
/** For tests that are not about silence: on a busy machine a trainer may be slow. */
const patient = { limits: { ...limits, stallMs: 20_000, silenceMs: 20_000, openingMs: 20_000 } };

function sftJob(dir: string, batchSize: number): TrainerJob {
  const training = {
    epochs: 1,
    batchSize,
    learningRate: 1,
    lrSchedule: 'constant' as const,
    warmupRatio: 0,
    minLearningRateRatio: 1,
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    maxGradNorm: null,
    lora: null,
    maxLength: 8,
    onOverlength: 'error' as const,
  };
  const folders = { workDir: join(dir, 'work'), outputDir: join(dir, 'out') };
  const plan = { device: 'cpu' as const, threads: 1, microBatchSize: null };
  const checkpointing = { checkpointEverySteps: 5, keepCheckpoints: 2 };
  const what = { model: '/m', data: '/d', column: 'completion' as const, training };
  return { protocol: 1, id: 'job', command: 'sft', seed: 7, plan, ...folders, ...checkpointing, ...what };
}

describe('the trainer process', function () {
  const folder = temporaryFolder();

  interface Started {
    readonly dir: string;
    readonly exits: TrainerExit[];
    readonly steps: number[];
    /** Sizes after each micro-batch reduction. */
    readonly microBatchReductions: number[];
    readonly stop: AbortController;
    readonly kill: AbortController;
    run(batchSize?: number): Promise<TrainerRun>;
    starts(): Promise<number[]>;
  }

  /** A run folder whose trainer follows the scripts, one per start. */
  async function prepare(
    name: string,
    scripts: string[][],
    setup: Partial<TrainerSetup> = {},
  ): Promise<Started> {
    const dir = folder.at(name);
    await mkdir(dir);
    const script = join(dir, 'script.json');
    await writeFile(script, JSON.stringify(scripts));
    const exits: TrainerExit[] = [];
    const steps: number[] = [];
    const microBatchReductions: number[] = [];
    const [stop, kill] = [new AbortController(), new AbortController()];
    const whole = {
      command: [process.execPath, scripted, script],
      env: trainerEnvironment(process.env),
      limits,
    };
    const controls = {
      stop: stop.signal,
      kill: kill.signal,
      onExit: (exit: TrainerExit): void => void exits.push(exit),
      onMicroBatchReduced: ({ rows }: { rows: number }): void => void microBatchReductions.push(rows),
      onEvent: (event: { event: string; step?: number }): void => {
        if (event.event === 'progress') steps.push(event.step ?? 0);
      },
    };
    return {
      dir,
      exits,
      steps,
      microBatchReductions,
      stop,
      kill,
      run: (batchSize = 8) =>
        runTrainer({ job: sftJob(dir, batchSize), runDir: dir, setup: { ...whole, ...setup }, controls }),
      starts: async () => (await readFile(`${script}.starts`, 'utf8')).trim().split('\n').map(Number),
    };
  }

  const events = async (dir: string): Promise<string[]> =>
    (await readFile(join(dir, 'events.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);

  async function until(check: () => boolean): Promise<void> {
    for (let n = 0; n < 400 && !check(); n++) await sleep(10);
    assert.ok(check(), 'it was reached in time');
  }

  it('returns the verified result, and keeps events and output on disk', async () => {
    const started = await prepare('result', [
      ['hello', 'say=for people', 'progress', 'checkpoint', 'result'],
    ]);
    const run = await started.run();
    assert.deepEqual(
      run.result.files.map(({ path }) => path),
      ['made.txt'],
    );
    assert.deepEqual(run.microBatches, [{ fromStep: 0, rows: 8 }]);
    assert.deepEqual(await events(started.dir), ['hello', 'progress', 'checkpoint', 'result']);
    assert.equal(await readFile(join(started.dir, 'stderr.log'), 'utf8'), 'for people\n');
    assert.equal(existsSync(join(started.dir, 'trainer.pid.json')), false);
  });

  it('gets only the allowed variables of the environment', async () => {
    const seen = folder.at('environment.json');
    process.env['PLANTED_SECRET'] = 'x';
    const started = await prepare('environment', [['hello', `environment=${seen}`, 'result']]);
    await started.run();
    delete process.env['PLANTED_SECRET'];
    const environment = JSON.parse(await readFile(seen, 'utf8')) as Record<string, string>;
    assert.equal(environment['PLANTED_SECRET'], undefined);
    assert.equal(environment['PATH'], process.env['PATH']);
    assert.equal(environment['BUDGETLINE_KEEP_ALIVE'], '1');
  });

  const failures: [string, string[], string, RegExp][] = [
    ['a status of the table', ['hello', 'exit=65'], 'DATA_INVALID', /data row/i],
    [
      'an error event',
      ['hello', 'fail=TRAINING_DIVERGED', 'exit=77'],
      'TRAINING_DIVERGED',
      /it was TRAINING_DIVERGED/,
    ],
    ['an error before any hello', ['fail=CONFIG_INVALID', 'exit=78'], 'CONFIG_INVALID', /it was/],
    [
      'a code without a status of its own',
      ['fail=REFERENCE_MISMATCH', 'exit=78'],
      'REFERENCE_MISMATCH',
      /it was/,
    ],
    ['an error event that the status contradicts', ['fail=DATA_INVALID', 'exit=74'], 'IO_FAILED', /it was/],
    ['an unknown status', ['hello', 'say=boom here', 'exit=9'], 'TRAINER_CRASHED', /status 9.*boom here/s],
    ['a kill', ['hello', 'progress', 'half', 'kill=SIGKILL'], 'TRAINER_CRASHED', /SIGKILL/],
    ['a yield that was not requested', ['hello', 'exit=75'], 'TRAINER_YIELDED', /./],
    ['status 0 and no result', ['hello', 'progress'], 'TRAINER_PROTOCOL', /no result/],
    ['status 0 and nothing at all', [], 'TRAINER_PROTOCOL', /no hello/],
    [
      'a result whose files are not there',
      ['hello', 'result-without-files'],
      'TRAINER_PROTOCOL',
      /made\.txt/,
    ],
    ['a result elsewhere', ['hello', 'result-elsewhere'], 'TRAINER_PROTOCOL', /elsewhere/],
    ['a hello of another job', ['hello=other', 'result'], 'TRAINER_PROTOCOL', /other/],
    ['a first event other than hello', ['progress', 'hello', 'result'], 'TRAINER_PROTOCOL', /first event/],
    ['a line that is not an event', ['hello', 'foreign', 'wait=5000'], 'TRAINER_PROTOCOL', /Loading model/],
  ];
  for (const [what, script, code, message] of failures)
    it(`names ${what}: ${code}`, async () => {
      const started = await prepare(what.replaceAll(' ', '-'), [script]);
      await assert.rejects(started.run(), { code, message });
      assert.equal(started.exits.length, 1);
    });

  it('says what to do if the executable does not exist', async () => {
    const started = await prepare('absent', [[]], { command: ['/nowhere/trainer'] });
    await assert.rejects(started.run(), { code: 'INPUT_MISSING', message: /\/nowhere\/trainer/ });
  });

  it('asks a trainer to stop, and it leaves a checkpoint', async () => {
    const started = await prepare(
      'stop',
      [
        ['hello', 'progress', 'wait=9000', 'result'],
        ['hello', 'result'],
      ],
      patient,
    );
    const run = started.run();
    await until(() => started.steps.length === 1);
    started.stop.abort();
    await assert.rejects(run, { code: 'TRAINER_YIELDED' });
    assert.equal(started.exits[0]?.exitCode, 75);
    assert.equal(await readFile(join(started.dir, 'work', 'step'), 'utf8'), '1');
  });

  it('kills a trainer that ignores SIGTERM, after the grace time', async () => {
    const started = await prepare('deaf', [['hello', 'ignore-term', 'progress', 'wait=9000']], patient);
    const run = started.run();
    await until(() => started.steps.length === 1);
    started.stop.abort();
    await assert.rejects(run, { code: 'TRAINER_YIELDED' });
    assert.equal(started.exits[0]?.signal, 'SIGKILL');
  });

  it('kills at once if the claim is lost', async () => {
    const started = await prepare('fenced', [['hello', 'progress', 'wait=9000']], patient);
    const run = started.run();
    await until(() => started.steps.length === 1);
    started.kill.abort();
    await assert.rejects(run, { code: 'TRAINER_CRASHED' });
    assert.equal(started.exits[0]?.signal, 'SIGKILL');
    const { cpuMs, peakMemoryBytes } = started.exits[0];
    assert.deepEqual([cpuMs, peakMemoryBytes], [null, null], 'what it never reported is unknown');
  });

  it('starts nothing after a stop request', async () => {
    const started = await prepare('early', [['hello', 'result']]);
    started.stop.abort();
    await assert.rejects(started.run(), { code: 'TRAINER_YIELDED' });
    assert.equal(started.exits.length, 0);
  });

  it('ends a silent trainer, also one that was stopped (SIGSTOP)', async () => {
    const started = await prepare('silent', [['hello', 'progress', 'kill=SIGSTOP', 'result']]);
    await assert.rejects(started.run(), { code: 'TRAINER_STALLED' });
    assert.equal(started.exits[0]?.signal, 'SIGKILL');
  });

  it('waits longer while sessions are created', async () => {
    const started = await prepare('opening', [['hello', 'wait=700', 'progress', 'result']]);
    await started.run();
  });

  /** A call has 900 ms to end; the trainer's beats come every 50 ms. */
  const strict = { limits: { ...limits, stallMs: 400, openingMs: 400, callMs: () => 900 } };

  it('lets a trainer compute for longer than the stall limit', async () => {
    const patientCall = { limits: { ...strict.limits, callMs: () => 20_000 } };
    await (
      await prepare('computing', [['hello', 'beat', 'progress', 'compute=1500', 'result']], patientCall)
    ).run();
  });

  it('lets a trainer wait for an answer from outside, longer than any call may take', async () => {
    const script = ['hello', 'beat=a judge', 'progress', 'wait=2000', 'result'];
    await (await prepare('waiting', [script], strict)).run();
  });

  it('ends a trainer that sleeps in a call of the runtime, though its heartbeats come', async () => {
    const started = await prepare(
      'sleeping',
      [['hello', 'beat', 'progress', 'block=9000', 'result']],
      strict,
    );
    await assert.rejects(started.run(), { code: 'TRAINER_STALLED', message: /no sign of work for 0\.\d+ s/ });
  });

  it('ends a trainer that computes without end, at the limit of a call', async () => {
    const started = await prepare(
      'spinning',
      [['hello', 'beat', 'progress', 'compute=9000', 'result']],
      strict,
    );
    await assert.rejects(started.run(), {
      code: 'TRAINER_STALLED',
      message: /computed for \S+ s without finishing a call; .* is 0\.9 s/,
    });
  });

  it('counts no silence while this process itself is busy', async () => {
    const started = await prepare('busy', [['hello', 'progress', 'wait=300', 'result']], {
      limits: { ...limits, silenceMs: 800 },
    });
    const run = started.run();
    await until(() => started.steps.length === 1);
    const endMs = performance.now() + 1500;
    while (performance.now() < endMs);
    await run;
  });

  it('halves the micro-batch size from the last checkpoint on, and remembers it', async () => {
    const outOfMemory = ['fail=DEVICE_OUT_OF_MEMORY', 'exit=71'];
    const scripts = [
      ['hello', ...outOfMemory],
      ['hello', 'progress', 'progress', 'checkpoint', 'progress', ...outOfMemory],
      ['hello', 'exit=70'],
      ['hello', 'result'],
    ];
    const started = await prepare('ladder', scripts);
    await assert.rejects(started.run(6), { code: 'TRAINER_CRASHED' });
    const run = await started.run(6);
    const microBatchReductions = [6, 3, 1].map((rows, index) => ({ fromStep: [0, 0, 2][index], rows }));
    assert.deepEqual(run.microBatches, microBatchReductions);
    assert.deepEqual(started.microBatchReductions, [3, 1], 'each reduction is reported once');
    const job = JSON.parse(await readFile(join(started.dir, 'job.json'), 'utf8')) as TrainerJob;
    assert.equal(job.plan.microBatchSize, 1);
    assert.equal((await started.starts()).length, 4);
  });

  it('gives up if one row is too much', async () => {
    const started = await prepare('one-row', [['hello', 'exit=71']]);
    await assert.rejects(started.run(4), { code: 'DEVICE_OUT_OF_MEMORY' });
    assert.equal((await started.starts()).length, 3);
  });

  it('ends the trainer of a supervisor that was killed before it starts its own', async () => {
    const started = await prepare('orphan', [
      ['hello', 'ignore-term', 'wait=60000'],
      ['hello', 'result'],
    ]);
    const dead = spawn(
      process.execPath,
      [scripted, join(started.dir, 'script.json'), 'sft', join(started.dir, 'job.json')],
      { detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'], env: trainerEnvironment(process.env) },
    );
    await writeFile(join(started.dir, 'job.json'), JSON.stringify(sftJob(started.dir, 8)));
    await mkdir(join(started.dir, 'work'));
    const identity = await identifyProcess(dead.pid ?? 0);
    assert.ok(identity !== undefined);
    await writeFile(join(started.dir, 'trainer.pid.json'), JSON.stringify(identity));
    await until(() => existsSync(join(started.dir, 'script.json.starts')));
    await sleep(100);
    await started.run();
    assert.equal(await isProcessAlive(identity), false);
    assert.equal((await started.starts()).length, 2);
  });

  it('gets the devices of which it takes one', async () => {
    const [deviceLocks, seen] = [[folder.at('a'), folder.at('b')], folder.at('devices.json')];
    const started = await prepare('devices-run', [['hello', `environment=${seen}`, 'result']], {
      deviceLocks,
    });
    await started.run();
    const { BUDGETLINE_DEVICE_LOCKS } = JSON.parse(await readFile(seen, 'utf8')) as Record<string, string>;
    assert.equal(BUDGETLINE_DEVICE_LOCKS, deviceLocks.join(':'));
  });
});
