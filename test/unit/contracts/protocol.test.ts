import { strict as assert } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { failures } from '../../../core/failures';
import { trainerEvent } from '../../../schemas/trainer-event';
import { trainerJob } from '../../../schemas/trainer-job';
import { withFieldTables } from '../../../scripts/protocol-fields';
import { exitCodeOf } from '../../../trainer/protocol/failures';

const root = join(__dirname, '..', '..', '..');
const page = readFileSync(join(root, 'docs', 'protocol.md'), 'utf8');

/** Fenced blocks of one language. */
const blocksOf = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text ?? '',
  );

describe('docs/protocol.md', () => {
  it('has every field of the schemas, and no other', () => {
    assert.equal(page, withFieldTables(page), 'write it again with: npx ts-node scripts/protocol-fields.ts');
  });

  it('shows a session that the schemas accept', () => {
    const [job = ''] = blocksOf('json');
    assert.equal(trainerJob.parse(JSON.parse(job)).command, 'sft');
    const events = blocksOf('jsonl').flatMap((block) => block.trim().split('\n'));
    const kinds = events.map((line) => trainerEvent.parse(JSON.parse(line)).event);
    assert.deepEqual(
      new Set(kinds),
      new Set(['hello', 'metric', 'progress', 'checkpoint', 'result', 'error']),
    );
  });

  it('has every exit status with its code', () => {
    const rows = [...page.matchAll(/^\| (\d+) \| (`[A-Z_]+`(?:, `[A-Z_]+`)*)? ?\|/gm)];
    const documented = rows.flatMap(([, status, codes = '']) =>
      [...codes.matchAll(/[A-Z_]+/g)].map(([code]) => `${status} ${code}`),
    );
    const trainers = Object.entries(failures).filter(([, { exitCode }]) => exitCode !== undefined);
    const shared = ['REFERENCE_MISMATCH', 'TRAINER_CRASHED'] as const;
    const expected = [
      ...trainers.map(([code, { exitCode }]) => `${exitCode} ${code}`),
      ...shared.map((code) => `${exitCodeOf(code)} ${code}`),
    ];
    assert.deepEqual(documented.sort(), expected.sort());
  });

  it('has every warning of the trainer', () => {
    const section = /\| warning \| meaning \|\n([\s\S]*?)\n\n/.exec(page)?.[1] ?? '';
    const documented = [...section.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    const sources = readdirSync(join(root, 'trainer'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, 'trainer', name), 'utf8'));
    const sent = sources.flatMap((text) =>
      [...text.matchAll(/\bwarn\(\s*'([A-Z_]+)'/g)].map(([, code]) => code),
    );
    assert.deepEqual(new Set(documented), new Set(sent));
  });
});
