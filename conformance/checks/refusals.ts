import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FailureCode } from '../../core/failures';
import type { TrainerJob } from '../../schemas/trainer-job';
import type { Check } from '../check';
import { expect, expectFailure } from '../expect';
import type { Kit } from '../kit';

const section = 'Exit status';

interface Refusal {
  readonly rule: string;
  readonly status: number;
  readonly code: FailureCode;
  readonly job: (kit: Kit) => TrainerJob;
  /** Expected details of the error. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const changed = (job: TrainerJob, change: object): TrainerJob => ({ ...job, ...change });

const refusals: readonly Refusal[] = [
  {
    rule: 'a job with an unknown field is refused: 78, CONFIG_INVALID, naming the field',
    status: 78,
    code: 'CONFIG_INVALID',
    job: (kit) => changed(kit.sft('unknown-field'), { learningRat: 1 }),
    details: { field: 'learningRat' },
  },
  {
    rule: 'a field out of its range is refused: 78, CONFIG_INVALID, naming the field',
    status: 78,
    code: 'CONFIG_INVALID',
    job: (kit) => {
      const job = kit.sft('out-of-range');
      return changed(job, { training: { ...job.training, warmupRatio: 2 } });
    },
    details: { field: 'training.warmupRatio' },
  },
  {
    rule: 'another protocol version is refused: 78, CONFIG_INVALID',
    status: 78,
    code: 'CONFIG_INVALID',
    job: (kit) => changed(kit.sft('other-protocol'), { protocol: 999 }),
    details: { field: 'protocol' },
  },
  {
    rule: 'a missing input is refused: 66, INPUT_MISSING',
    status: 66,
    code: 'INPUT_MISSING',
    job: (kit) => changed(kit.sft('missing-data'), { data: join(kit.folder, 'none.jsonl') }),
  },
  {
    rule: 'a bad row is refused: 65, DATA_INVALID, naming line and field',
    status: 65,
    code: 'DATA_INVALID',
    job: (kit) => {
      const rows = [
        { id: 'a', prompt: 'Q:', completion: ' 1' },
        { id: 'b', prompt: 'Q:', completion: '' },
      ];
      return changed(kit.sft('bad-row'), { data: kit.writeRows('bad.jsonl', rows) });
    },
    details: { line: 2, field: 'completion' },
  },
  {
    rule: 'a row longer than maxLength is refused with onOverlength "error": 65, DATA_INVALID',
    status: 65,
    code: 'DATA_INVALID',
    job: (kit) => {
      const job = kit.sft('too-long');
      return changed(job, { training: { ...job.training, maxLength: 4 } });
    },
  },
  {
    rule: 'a prompt longer than maxPromptTokens is refused with onOverlength "error": 65, DATA_INVALID',
    status: 65,
    code: 'DATA_INVALID',
    job: (kit) => changed(kit.generate('long-prompt'), { maxPromptTokens: 2 }),
  },
  {
    rule: 'a reference with another SHA-256 is refused: 78, REFERENCE_MISMATCH',
    status: 78,
    code: 'REFERENCE_MISMATCH',
    job: (kit) => changed(kit.preference('other-reference'), { referenceSha256: '0'.repeat(64) }),
  },
  {
    rule: 'a metric that is not finite ends the run: 67, LOSS_NOT_FINITE',
    status: 67,
    code: 'LOSS_NOT_FINITE',
    job: (kit) => {
      const job = kit.sft('not-finite');
      return changed(job, { training: { ...job.training, learningRate: 1e30, maxGradNorm: null } });
    },
  },
];

function toCheck({ rule, status, code, job: make, details = {} }: Refusal): Check {
  return {
    section,
    rule: `${rule}; nothing half-written`,
    async run(kit) {
      const job = make(kit);
      const error = expectFailure(await kit.start(job), { status, code, outputDir: job.outputDir });
      for (const [name, value] of Object.entries(details))
        expect(
          error.details[name] === value,
          `details.${name} is ${JSON.stringify(error.details[name])}, not ${JSON.stringify(value)}`,
        );
    },
  };
}

export const refusalChecks: readonly Check[] = [
  {
    section,
    rule: 'an unknown command, or another one than the job’s, is refused: 64, USAGE',
    async run(kit) {
      const path = kit.writeJob(kit.sft('usage'), 'usage');
      for (const command of ['no-such-command', 'merge'])
        expectFailure(await kit.call([command, path]), { status: 64, code: 'USAGE' });
    },
  },
  ...refusals.map(toCheck),
  {
    section: 'The job file',
    rule: 'an output folder that is not empty is refused and unchanged: 78, CONFIG_INVALID',
    async run(kit) {
      const job = kit.sft('taken');
      mkdirSync(job.outputDir, { recursive: true });
      writeFileSync(join(job.outputDir, 'mine.txt'), 'keep');
      expectFailure(await kit.start(job), { status: 78, code: 'CONFIG_INVALID' });
      expect(readdirSync(job.outputDir).join() === 'mine.txt', 'the files in the folder have changed');
    },
  },
];
