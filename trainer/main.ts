/** The training executable: `budgetline-trainer COMMAND JOB.json`. See docs/protocol.md. */
import { BudgetlineError } from '../core/failures';
import { trainerCommands } from '../schemas/trainer-job';
import { describeTrainer } from './jobs/info';
import { runJob } from './jobs/run-job';
import { createEventSink, eventsDescriptor, EventTurn } from './protocol/events';
import { errorEventOf, exitCodeOf, toFailure } from './protocol/failures';
import { startHeartbeats } from './protocol/heartbeat';
import { readJob } from './protocol/job-file';
import { listenForStop } from './protocol/stop';

const usage = `usage: budgetline-trainer COMMAND JOB.json
       budgetline-trainer info
commands: ${trainerCommands.join(', ')}
`;

/** `info` without a job file prints to standard output. */
function printInfo(): void {
  process.stdout.write(`${JSON.stringify(describeTrainer(), null, 2)}\n`);
}

function parseArguments(words: readonly string[]): { command: string; path: string } {
  const [command, path, ...rest] = words;
  if (command === undefined || !(trainerCommands as readonly string[]).includes(command))
    throw new BudgetlineError(
      'USAGE',
      `Unknown command "${command ?? ''}"; the commands are ${trainerCommands.join(', ')}.`,
    );
  if (path === undefined || rest.length > 0)
    throw new BudgetlineError('USAGE', `The command "${command}" needs one job file.`);
  return { command, path };
}

async function runCommand(words: readonly string[]): Promise<number> {
  const [descriptor, turn] = [eventsDescriptor(), new EventTurn()];
  const events = createEventSink(descriptor, turn);
  // People who read standard output need none.
  if (descriptor !== 1) startHeartbeats(descriptor, turn);
  try {
    const { command, path } = parseArguments(words);
    const stop = listenForStop(events);
    const job = readJob(command, path);
    await runJob(job, { events, stop });
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    process.stderr.write(`${failure.message} ${failure.remedy}\n`);
    if (failure.code === 'TRAINER_CRASHED')
      process.stderr.write(`${String((failure.cause as Error).stack)}\n`);
    events.emit(errorEventOf(failure));
    return exitCodeOf(failure.code);
  }
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words[0] === '--help' || words[0] === '-h') process.stdout.write(usage);
  else if (words.length === 1 && words[0] === 'info') printInfo();
  // Standard input is still open, so the process would not end by itself.
  else process.exit(await runCommand(words));
}

void main();
