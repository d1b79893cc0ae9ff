/**
 * The training executable with a log of its starts: `node counting-trainer.js --log=FILE COMMAND JOB.json` adds a line
 * to FILE and runs the real one in the same process.
 */
const { appendFileSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const [log, command, jobPath] = process.argv.slice(2);
const { id } = JSON.parse(readFileSync(jobPath, 'utf8'));
appendFileSync(log.slice('--log='.length), `${JSON.stringify({ id, command, jobPath, pid: process.pid })}\n`);
process.argv.splice(2, 1);
require(join(__dirname, '../../dist/bin/budgetline-trainer.js'));
