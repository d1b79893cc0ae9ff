/** A worker of a home in its own process, to be killed: `node … worker-process.ts HOME ADDRESS QUEUE`. */
import { runWorkerProcess } from '../../workers';
import { countingTrainer } from './counted-trainer';

const [home = '', address = '', queue = ''] = process.argv.slice(2);
const trainer = { command: countingTrainer(home) };

void runWorkerProcess({ home, address, queue, trainer, keepAlive: true });
