#!/usr/bin/env node
/**
 * The command line `budgetline`. Each command is loaded when it is called, so that --version and --help stay fast.
 */
import { Command, CommanderError } from 'commander';
import { parseAmount, parseCount, parseNames, parseNumbers, parseShare } from './arguments';
import type { AnalyzeOptions } from './commands/analyze';
import { addAuditCommands } from './audit-commands';
import { addAnnotateCommand, addDataCommands, addScoreCommands } from './data-commands';
import { exitStatusOf } from './exit-status';
import { describeCauses, toFailure } from './failure';
import { BudgetlineError } from '../core/failures';
import { jsonOption, withColorOption } from './options';
import { packageVersion } from '../app/package-version';
import { renderFailure } from './print/failure';
import { printerTo, printFailure } from './printer';
import { addRunCommands } from './run-commands';

function withDefinitionOptions(command: Command): Command {
  return command
    .argument('<file>', 'TypeScript or JavaScript file that exports a sweep definition as its default')
    .option('--annotator <name>', 'annotator that writes the demonstrations, e.g. clean')
    .option('--budgets <list>', 'budgets, instead of those in the definition, e.g. 64,256', parseNumbers)
    .option(
      '--sft-fractions <list>',
      'SFT fractions, instead of those in the definition, e.g. 1,0.5,0',
      parseNumbers,
    )
    .option('--seeds <list>', 'seeds, instead of those in the definition, e.g. 0,1,2', parseNumbers)
    .option('--items <n>', 'number of items in each evaluation', parseCount)
    .option(
      '--data <file>',
      'training file (JSON Lines, JSON, CSV, TSV or Parquet, also gzipped), for tasks that read files',
    )
    .option(
      '--stall-seconds <n>',
      'stop a training process that shows no work for longer (default: 300)',
      parseAmount,
    );
}

function addSweepCommands(program: Command): void {
  withColorOption(withDefinitionOptions(program.command('run')))
    .description('run a sweep: plan, train, evaluate and report')
    .option('--plan', 'print the plan without starting the sweep')
    .addOption(jsonOption())
    .action(async (file: string, flags: object) => {
      const { runCommand } = await import('./commands/run.js');
      process.exitCode = await runCommand(file, flags);
    });
  withColorOption(withDefinitionOptions(program.command('plan')))
    .description('print what a sweep would run and cost, without starting it')
    .addOption(jsonOption())
    .action(async (file: string, flags: object) => {
      const { planCommand } = await import('./commands/plan.js');
      await planCommand(file, flags);
    });
  withColorOption(program.command('report'))
    .description('write the report of a finished sweep again')
    .argument('<sweep-id>', 'id of the sweep, as the plan and the report print it')
    .addOption(jsonOption())
    .action(async (sweepId: string, flags: object) => {
      const { reportCommand } = await import('./commands/report.js');
      await reportCommand(sweepId, flags);
    });
}

function addAnalyzeCommand(program: Command): void {
  withColorOption(program.command('analyze'))
    .description('find the best split in a CSV of scores; needs no server')
    .argument('<file>', 'CSV with columns task, model, budget, sft_fraction, score; see the README')
    .option('--out <folder>', 'folder for report.html and charts/', '.')
    .option('--force', 'replace an existing report.html and charts/')
    .option(
      '--axis <columns>',
      'columns whose values are analysed separately, e.g. annotator,lora_rank',
      parseNames,
    )
    .option('--equivalence-margin <share>', 'score differences up to this count as equal', parseShare, 0.02)
    .option('--small-budget-max <n>', 'largest budget that counts as small', parseCount)
    .option('--large-budget-min <n>', 'smallest budget that counts as large', parseCount)
    .option('--sft-price <usd>', 'price of one demonstration in US dollars', parseAmount, 0.001)
    .option('--pair-price <usd>', 'price of one preference pair in US dollars', parseAmount, 0.001)
    .addOption(jsonOption())
    .action(async (file: string, flags: AnalyzeOptions) => {
      const { analyzeCommand } = await import('./commands/analyze.js');
      await analyzeCommand(file, flags);
    });
}

function addServerCommands(program: Command): void {
  const server = program
    .command('server')
    .description('start, stop or inspect the Temporal server of this BUDGETLINE_HOME');
  withColorOption(server.command('start'))
    .description('start the server, or print its address if it is running')
    .action(async (flags: object) => {
      const { startServer } = await import('./commands/server.js');
      await startServer(flags);
    });
  withColorOption(server.command('stop'))
    .description('stop the server and keep its database')
    .action(async (flags: object) => {
      const { stopServer } = await import('./commands/server.js');
      await stopServer(flags);
    });
  withColorOption(server.command('status'))
    .description('print whether the server is running; exit status 1 if it is not')
    .action(async (flags: object) => {
      const { serverStatus } = await import('./commands/server.js');
      process.exitCode = await serverStatus(flags);
    });
  withColorOption(server.command('register'))
    .description('register the search attributes with the Temporal server')
    .addOption(jsonOption())
    .action(async (flags: object) => {
      const { registerAttributes } = await import('./commands/server.js');
      await registerAttributes(flags);
    });
}

function addProcessCommands(program: Command): void {
  program
    .command('worker')
    .description('run stages of a task queue until stopped')
    .requiredOption('--queue <name>', 'cpu (workflows, data) or gpu (training, sampling, evaluation)')
    .option('--address <host:port>', 'server address, instead of the configured one')
    .option('--slots <n>', 'number of stages to run in parallel', parseCount)
    .option(
      '--tasks <file>',
      'file that exports your own tasks as "tasks", or a sweep that names your own modules',
    )
    .action(async (flags: { queue: string }) => {
      const { workerCommand } = await import('./commands/worker.js');
      await workerCommand(flags);
    });
  const trainer = program
    .command('trainer')
    .description('run the training executable: budgetline trainer COMMAND JOB.json')
    .argument('[words...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (words: string[]) => {
      const { trainerCommand } = await import('./commands/trainer.js');
      process.exitCode = await trainerCommand(words);
    });
  withColorOption(trainer.command('check'))
    .description('test a training executable against docs/protocol.md, rule by rule')
    .argument('<executable...>', 'program and its first arguments; a .js file runs with this Node')
    .helpOption('-h, --help')
    .option('--model <folder>', 'folder of a small model to train (default: the embedded model)')
    .passThroughOptions()
    .action(async (words: string[], flags: object) => {
      const { checkCommand } = await import('./commands/check.js');
      await checkCommand(words, flags);
    });
}

function createProgram(): Command {
  const program = new Command('budgetline')
    .description('How to split an annotation budget between SFT demonstrations and preference pairs.')
    .version(packageVersion(), '--version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  const parts = [
    addSweepCommands,
    addRunCommands,
    addAnalyzeCommand,
    addScoreCommands,
    addDataCommands,
    addAnnotateCommand,
    addAuditCommands,
    addServerCommands,
    addProcessCommands,
  ];
  for (const add of parts) add(program);
  return program;
}

/** Converts a usage error of commander. */
function usageFailure({ message }: CommanderError): BudgetlineError {
  const text = message.replace(/^error: /, '').replaceAll('\n', ' ');
  return new BudgetlineError('USAGE', text.charAt(0).toUpperCase() + text.slice(1), {
    remedy: 'See budgetline --help, or budgetline COMMAND --help.',
  });
}

/** Prints the code, the message and what to do. BUDGETLINE_DEBUG=1 adds causes and stacks. */
function reportFailure(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = error instanceof CommanderError ? usageFailure(error) : toFailure(error);
  const { argv, env, stderr } = process;
  const printer = printerTo(stderr, !argv.includes('--no-color'));
  printer.print(renderFailure(failure, printer.ink));
  if (argv.includes('--json')) printFailure(failure);
  if (env['BUDGETLINE_DEBUG'] === '1') printer.print([describeCauses(error)]);
  return exitStatusOf(failure.code);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

async function main(): Promise<void> {
  // If the reader of a pipe or the terminal goes away, the work continues.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    await createProgram().parseAsync();
  } catch (error) {
    process.exitCode = reportFailure(error);
  }
  await Promise.all([process.stdout, process.stderr].map(flush));
  // A client may still wait for a server that is busy or gone. Exit anyway.
  process.exit();
}

void main();
