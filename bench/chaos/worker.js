/** A worker with one device, to be killed: `node worker.js HOME ADDRESS QUEUE LOG`. */
const { join } = require('node:path');
const { runWorkerProcess } = require('../../dist/workers');

const [home, address, queue, log] = process.argv.slice(2);
const command = [process.execPath, join(__dirname, 'trainer.js'), `--log=${log}`];
// Shorter than on a fleet, so that a bench of many faults ends in minutes; longer than a step on a busy machine.
const limits = { graceMs: 8_000, stallMs: 15_000, openingMs: 60_000 };

void runWorkerProcess({ home, address, queue, slots: 1, trainer: { command, limits }, keepAlive: true });
