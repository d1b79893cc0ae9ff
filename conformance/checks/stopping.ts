import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '../check';
import { describeEnd, expect, expectFailure, expectResult, expectSameFiles, resumedFrom } from '../expect';
import type { Kit } from '../kit';
import { eventsOf, type Run, type RunningTrainer } from '../run';

const section = 'Channels';
const resuming = 'Files in the work folder';

interface Disturbance {
  readonly step: number;
  readonly by: (process: RunningTrainer) => void;
  readonly deviceLocks?: readonly string[];
}

/** Disturbs the process once, when it reports the step. */
function disturb(kit: Kit, name: string, { deviceLocks = [], ...at }: Disturbance): Promise<Run> {
  let done = false;
  return kit.start(kit.sft(name), {
    deviceLocks,
    onEvent(event, process) {
      if (done || event.event !== 'metric' || event.step < at.step) return;
      done = true;
      at.by(process);
    },
  });
}

/** Expects status 75 and a checkpoint, then a second start with the bytes of an undisturbed run. */
async function expectYield(kit: Kit, name: string, by: (process: RunningTrainer) => void): Promise<void> {
  const stopped = await disturb(kit, name, { step: 2, by });
  const { outputDir } = kit.sft(name);
  expectFailure(stopped, { status: 75, code: 'TRAINER_YIELDED', outputDir });
  expect(eventsOf(stopped, 'checkpoint').length > 0, 'it wrote no checkpoint before it stopped');
  await expectResumed(kit, name);
}

async function expectResumed(kit: Kit, name: string): Promise<Run> {
  const { run: whole } = await kit.undisturbed();
  const again = await kit.start(kit.sft(name));
  expectSameFiles(again, whole);
  expect(resumedFrom(again) > 0, 'the second start resumed from step 0');
  return again;
}

export const stoppingChecks: readonly Check[] = [
  {
    section,
    rule: 'SIGTERM: a checkpoint and status 75; the next start writes the same bytes',
    run: (kit) => expectYield(kit, 'terminated', (process) => process.signal('SIGTERM')),
  },
  {
    section,
    rule: 'the end of standard input: like SIGTERM',
    run: (kit) => expectYield(kit, 'input-ended', (process) => process.endInput()),
  },
  {
    section,
    rule: 'an event descriptor without a reader: status 75',
    async run(kit) {
      const run = await disturb(kit, 'unread', { step: 2, by: (process) => process.closeEvents() });
      expect(run.status === 75, `status should be 75, but ${describeEnd(run)}`);
      await expectResumed(kit, 'unread');
    },
  },
  {
    section: resuming,
    rule: 'a job that was killed continues from its last checkpoint and writes the same bytes',
    async run(kit) {
      const killed = await disturb(kit, 'killed', { step: 5, by: (process) => process.signal('SIGKILL') });
      expect(killed.signal === 'SIGKILL', `it should have been killed, but ${describeEnd(killed)}`);
      await expectResumed(kit, 'killed');
    },
  },
  {
    section: resuming,
    rule: 'a truncated checkpoint is skipped with a warning, and the one before it used',
    async run(kit) {
      const killed = await disturb(kit, 'damaged', { step: 8, by: (process) => process.signal('SIGKILL') });
      const newest = eventsOf(killed, 'checkpoint').at(-1);
      expect(newest !== undefined, 'there was no checkpoint to damage');
      truncateSync(newest.path, Math.floor(newest.bytes / 2));
      const again = await expectResumed(kit, 'damaged');
      expect(resumedFrom(again) < newest.step, `it resumed from step ${resumedFrom(again)}`);
      const codes = eventsOf(again, 'warning').map(({ code }) => code);
      expect(codes.includes('CHECKPOINT_DAMAGED'), `warnings were ${codes.join() || 'none'}`);
    },
  },
  {
    section: resuming,
    rule: 'a changed job is refused in the old work folder: 78, CONFIG_INVALID, naming the field',
    async run(kit) {
      await disturb(kit, 'changed', { step: 5, by: (process) => process.signal('SIGKILL') });
      const job = kit.sft('changed');
      const other = { ...job, training: { ...job.training, learningRate: 1 } };
      const error = expectFailure(await kit.start(other), { status: 78, code: 'CONFIG_INVALID' });
      expect(
        error.details['field'] === 'training.learningRate',
        `it named ${String(error.details['field'])}`,
      );
    },
  },
  {
    section: resuming,
    rule: 'with a smaller micro-batch a job continues from its checkpoint, with the warning PLAN_CHANGED',
    async run(kit) {
      await disturb(kit, 'halved', { step: 5, by: (process) => process.signal('SIGKILL') });
      const job = kit.sft('halved');
      const again = await kit.start({ ...job, plan: { ...job.plan, microBatchSize: 1 } });
      expectResult(again);
      expect(resumedFrom(again) > 0, 'the second start resumed from step 0');
      const codes = eventsOf(again, 'warning').map(({ code }) => code);
      expect(codes.includes('PLAN_CHANGED'), `warnings were ${codes.join() || 'none'}`);
    },
  },
  {
    section: resuming,
    rule: 'a finished job is not run again: only hello and result, and the same files',
    async run(kit) {
      const { run: whole } = await kit.undisturbed();
      const again = await kit.start(kit.sft('undisturbed'));
      expectSameFiles(again, whole);
      const kinds = again.events.map(({ event }) => event).join();
      expect(kinds === 'hello,result', `its events were ${kinds}`);
    },
  },
  {
    section: resuming,
    rule: 'a second process in a work folder is refused while the first is alive: 74, IO_FAILED',
    async run(kit) {
      const second: Promise<Run>[] = [];
      const first = await disturb(kit, 'shared', {
        step: 2,
        by(process) {
          process.signal('SIGSTOP');
          second.push(kit.start(kit.sft('shared')).finally(() => process.signal('SIGCONT')));
        },
      });
      expectResult(first);
      const [refused] = await Promise.all(second);
      expect(refused !== undefined, 'the first process reported no step');
      expectFailure(refused, { status: 74, code: 'IO_FAILED' });
    },
  },
  {
    section: 'The device',
    rule: 'a device that another living process uses: waits, then 79, DEVICE_BUSY; a dead process does not hold it',
    async run(kit) {
      const deviceLocks = [join(kit.folder, 'devices', 'only')];
      const second: Promise<Run>[] = [];
      const killed = await disturb(kit, 'on-device', {
        step: 2,
        deviceLocks,
        by(process) {
          process.signal('SIGSTOP');
          const refused = kit.start(kit.sft('other'), { deviceLocks });
          second.push(refused.finally(() => process.signal('SIGKILL')));
        },
      });
      expect(killed.signal === 'SIGKILL', `it should have been killed, but ${describeEnd(killed)}`);
      const [refused] = await Promise.all(second);
      expect(refused !== undefined, 'the first process reported no step');
      expectFailure(refused, { status: 79, code: 'DEVICE_BUSY', outputDir: kit.sft('other').outputDir });
      expectResult(await kit.start(kit.sft('other'), { deviceLocks }));
    },
  },
];
