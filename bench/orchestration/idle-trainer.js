/**
 * A training executable that follows docs/protocol.md and does no work. It writes files with the expected names. The
 * length of an answer is the sample's number, so that a task that scores length finds correct and incorrect ones.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const [command, jobPath] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobPath, 'utf8'));
const emit = (event) => writeSync(Number(process.env.BUDGETLINE_EVENTS_FD), `${JSON.stringify(event)}\n`);
const lines = (path) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const adapter = () => ({
  'adapter_config.json': '{}',
  'adapter_model.safetensors': `of ${job.seed}`,
  'metrics.jsonl': '',
});

const makes = {
  sft: adapter,
  preference: () => ({ ...adapter(), 'reference-logprobs.jsonl': '' }),
  merge: () =>
    Object.fromEntries(readdirSync(job.model).map((name) => [name, readFileSync(join(job.model, name))])),
  generate: () => ({
    'generations.jsonl': lines(job.prompts)
      .flatMap(({ id }) =>
        Array.from({ length: job.samples }, (_, sample) => {
          const completion = ` ${'x'.repeat(sample)}`;
          const greedy = job.decoding.mode === 'greedy' ? { nearTies: 0 } : {};
          return `${JSON.stringify({ id, sample, completion, tokens: 1, finish: 'stop', ...greedy })}\n`;
        }),
      )
      .join(''),
  }),
};

const { device, threads } = job.plan;
const self = { trainer: 'idle-trainer', version: '1', runtime: 'none', device, threads };
emit({ event: 'hello', protocol: 1, pid: process.pid, command, id: job.id, resumedFromStep: 0, ...self });
const partial = `${job.outputDir}.partial`;
mkdirSync(partial, { recursive: true });
const files = Object.entries(makes[command]()).map(([path, content]) => {
  writeFileSync(join(partial, path), content);
  const bytes = Buffer.from(content);
  return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
});
renameSync(partial, job.outputDir);
const metrics = { steps: 1, rows: 1, tokens: 1, finalLoss: 1 };
emit({ event: 'result', outputDir: job.outputDir, files, metrics, cpuMs: 1, peakMemoryBytes: 1 });
process.exit(0);
