/** Runs one stage activity in a process of its own, to be killed: `node … stage-worker.ts HOME STAGE.json EXECUTION.json`. */
import { readFileSync } from 'node:fs';
import type { Execution } from '../../contracts/definition';
import type { PlannedStage } from '../../contracts/stage';
import { createBench } from './stage-bench';

const [home = '', stagePath = '', executionPath = ''] = process.argv.slice(2);
const stage = JSON.parse(readFileSync(stagePath, 'utf8')) as PlannedStage;
const execution = JSON.parse(readFileSync(executionPath, 'utf8')) as Execution;

void createBench(home, { execution }).run(stage);
