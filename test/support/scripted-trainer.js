/**
 * A trainer that follows docs/protocol.md and runs a script, for tests of process faults:
 * `node scripted-trainer.js SCRIPT.json COMMAND JOB.json`. The script has one list of actions for each start; the last
 * list serves all later starts. Each start adds its process id to SCRIPT.json.starts.
 */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');

const [scriptPath, command, jobPath] = process.argv.slice(2);
const job = JSON.parse(fs.readFileSync(jobPath, 'utf8'));
fs.appendFileSync(`${scriptPath}.starts`, `${process.pid}\n`);
const starts = fs.readFileSync(`${scriptPath}.starts`, 'utf8').trim().split('\n').length;
const scripts = JSON.parse(fs.readFileSync(scriptPath, 'utf8'));
const actions = scripts[Math.min(starts, scripts.length) - 1];
const stepPath = path.join(job.workDir, 'step');
const resumed = fs.existsSync(stepPath) ? Number(fs.readFileSync(stepPath, 'utf8')) : 0;
const steps = 100;
let step = resumed;

const emit = (event) => fs.writeSync(Number(process.env.BUDGETLINE_EVENTS_FD), `${JSON.stringify(event)}\n`);

function checkpoint() {
  fs.writeFileSync(stepPath, String(step));
  emit({ event: 'checkpoint', step, path: stepPath, sha256: '0'.repeat(64), bytes: 1 });
}

function stopOn(reason) {
  checkpoint();
  process.stderr.write(`stopping on ${reason}\n`);
  process.exit(75);
}

process.on('SIGTERM', () => stopOn('SIGTERM'));
process.stdin.on('end', () => stopOn('end of input')).resume();

const files = () =>
  fs.readdirSync(job.outputDir).map((name) => {
    const bytes = fs.readFileSync(path.join(job.outputDir, name));
    return { path: name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });

function result(change = {}) {
  fs.mkdirSync(job.outputDir, { recursive: true });
  fs.writeFileSync(path.join(job.outputDir, 'made.txt'), `made of ${job.seed}\n`);
  const metrics = { steps: step, tokens: 10 };
  const usage = { metrics, cpuMs: 1, peakMemoryBytes: 1 };
  emit({ event: 'result', outputDir: job.outputDir, files: files(), ...usage, ...change });
}

/** Beats from a thread, as the executable does. */
function beat(waitingFor) {
  const program = (descriptor, waitingFor) => {
    const send = () => {
      const { user, system } = process.cpuUsage();
      const event = { event: 'heartbeat', cpuMs: (user + system) / 1000, waitingFor };
      require('node:fs').writeSync(descriptor, `${JSON.stringify(event)}\n`);
    };
    setInterval(send, 50);
  };
  const arguments_ = JSON.stringify([
    Number(process.env.BUDGETLINE_EVENTS_FD),
    ...[waitingFor].filter(Boolean),
  ]);
  new Worker(`(${program})(...${arguments_})`, { eval: true }).unref();
}

/** Keeps this thread in one call: computing, or asleep. */
function compute(ms) {
  const endMs = performance.now() + Number(ms);
  while (performance.now() < endMs);
}
const block = (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms));

const does = {
  beat,
  compute,
  block,
  hello: (id) =>
    emit({
      event: 'hello',
      protocol: 1,
      trainer: 'scripted-trainer',
      version: '1',
      runtime: 'none',
      pid: process.pid,
      command,
      id: id ?? job.id,
      device: job.plan.device,
      threads: job.plan.threads,
      resumedFromStep: resumed,
    }),
  progress: () => emit({ event: 'progress', phase: 'train', step: (step += 1), steps, loss: 1 }),
  checkpoint,
  result: () => result(),
  'result-elsewhere': () => result({ outputDir: '/elsewhere' }),
  'result-without-files': () => {
    result();
    fs.rmSync(path.join(job.outputDir, 'made.txt'));
  },
  foreign: () => fs.writeSync(3, 'Loading model ... done\n'),
  half: () => fs.writeSync(3, '{"event":"progr'),
  say: (text) => process.stderr.write(`${text}\n`),
  fail: (code) =>
    emit({ event: 'error', code, message: `it was ${code}`, remedy: 'mend it', details: { step } }),
  exit: (status) => process.exit(Number(status)),
  kill: (signal) => process.kill(process.pid, signal),
  'ignore-term': () => process.removeAllListeners('SIGTERM') && process.on('SIGTERM', () => undefined),
  environment: (file) => fs.writeFileSync(file, JSON.stringify({ ...process.env, cwd: process.cwd() })),
  wait: (ms) => sleep(Number(ms)),
};

async function main() {
  for (const action of actions) {
    const [name, ...rest] = action.split('=');
    await does[name](rest.length === 0 ? undefined : rest.join('='));
  }
  process.exit(0);
}

void main();
