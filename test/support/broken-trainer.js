/**
 * A training executable that breaks many rules of docs/protocol.md, for the conformance check: it dies of SIGTERM,
 * ignores the end of its input, checks no field of a job, leaves a folder when it fails, scores held-out rows once,
 * and writes different bytes when it resumes from a checkpoint.
 */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const [command, jobPath] = process.argv.slice(2);
const descriptor = Number(process.env.BUDGETLINE_EVENTS_FD ?? 1);
const emit = (event) => fs.writeSync(descriptor, `${JSON.stringify(event)}\n`);
const digest = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

function fail(status, code) {
  emit({ event: 'error', code, message: `It is ${code}.`, remedy: 'None.', details: {} });
  process.exit(status);
}

function describe(file, folder) {
  return { path: path.relative(folder, file), bytes: fs.statSync(file).size, sha256: digest(file) };
}

function finish(job, text) {
  const names = ['adapter_config.json', 'adapter_model.safetensors', 'metrics.jsonl'];
  const files = names.map((name) => path.join(job.outputDir, name));
  for (const file of files) fs.writeFileSync(file, text);
  const usage = { metrics: {}, cpuMs: 1, peakMemoryBytes: 1 };
  emit({
    event: 'result',
    outputDir: job.outputDir,
    files: files.map((file) => describe(file, job.outputDir)),
    ...usage,
  });
  process.exit(0);
}

async function train(job) {
  const state = path.join(job.workDir, 'state');
  const from = fs.existsSync(state) ? Number(fs.readFileSync(state, 'utf8')) : 0;
  const { id } = job;
  const self = { trainer: 'broken-trainer', version: '1', runtime: 'none', device: 'cpu', threads: 1 };
  emit({ event: 'hello', protocol: 1, pid: process.pid, command, id, resumedFromStep: from, ...self });
  if (job.heldOut !== undefined) emit({ event: 'metric', step: 0, values: { eval_loss: 1 } });
  for (let step = from + 1; step <= 12; step += 1) {
    await sleep(15);
    emit({ event: 'metric', step, values: { loss: 1 / step } });
    if (step % 3 !== 0 || step === 12) continue;
    fs.writeFileSync(state, String(step));
    emit({ event: 'checkpoint', step, path: state, sha256: digest(state), bytes: fs.statSync(state).size });
  }
  finish(job, `from ${from}\n`);
}

if (!['sft', 'preference', 'merge', 'generate', 'logprobs'].includes(command)) fail(64, 'USAGE');
const job = JSON.parse(fs.readFileSync(jobPath, 'utf8'));
for (const folder of [job.workDir, job.outputDir]) fs.mkdirSync(folder, { recursive: true });
if (job.data !== undefined && !fs.existsSync(job.data)) fail(66, 'INPUT_MISSING');
void train(job);
