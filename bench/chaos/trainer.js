/**
 * The training executable with a log: `node trainer.js --log=FILE COMMAND JOB.json` adds a line to FILE for each start
 * and runs the real one in the same process. On SIGUSR2 it reports that its device is out of memory.
 */
const { appendFileSync, readFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

const [log, command, jobPath] = process.argv.slice(2);
const { id, plan } = JSON.parse(readFileSync(jobPath, 'utf8'));
const start = { id, command, jobPath, pid: process.pid, parentPid: process.ppid, rows: plan.microBatchSize };
appendFileSync(log.slice('--log='.length), `${JSON.stringify(start)}\n`);

process.on('SIGUSR2', () => {
  const words = { message: 'Out of memory, as asked.', remedy: 'None.', details: {} };
  const event = { event: 'error', code: 'DEVICE_OUT_OF_MEMORY', ...words };
  writeSync(Number(process.env.BUDGETLINE_EVENTS_FD), `${JSON.stringify(event)}\n`);
  process.exit(71);
});

process.argv.splice(2, 1);
require(join(__dirname, '../../dist/bin/budgetline-trainer.js'));
