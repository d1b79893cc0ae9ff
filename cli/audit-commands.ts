import { type Command, Option } from 'commander';
import { jsonOption, withColorOption } from './options';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `budgetline audit …` and `budgetline reproduce`. */
export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('show, compare, verify and export the records of runs');
  const run = ['<run>', 'id of a sweep, an experiment or a workflow of your own, or a bundle file'] as const;
  withColorOption(audit.command('show', { isDefault: true }))
    .description('print the history of a run: stages, attempts, failures, times, cost')
    .argument(...run)
    .option('--html <file>', 'also write it as an HTML page with a timeline')
    .option('--force', 'replace an existing file')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { showCommand } = await import('./commands/audit/show.js');
      await showCommand(name, flags);
    });
  withColorOption(audit.command('diff'))
    .description('compare two runs: scores, definition, data, model, code, environment')
    .argument('<a>', run[1])
    .argument('<b>', run[1])
    .addOption(jsonOption())
    .action(async (a: string, b: string, flags: object) => {
      const { diffCommand } = await import('./commands/audit/compare.js');
      await diffCommand(a, b, flags);
    });
  withColorOption(audit.command('explain'))
    .description('print why a stage ran instead of being reused, field by field')
    .argument('<stage>', 'key of the stage, or its first digits')
    .addOption(jsonOption())
    .action(async (key: string, flags: object) => {
      const { explainCommand } = await import('./commands/audit/compare.js');
      await explainCommand(key, flags);
    });
  withColorOption(program.command('reproduce'))
    .description('run a recorded sweep again in an empty store, and compare every stage byte by byte')
    .argument(...run)
    .option('--tasks <file>', 'file that exports your own tasks as "tasks"')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { reproduceCommand } = await import('./commands/reproduce.js');
      process.exitCode = await reproduceCommand(name, flags);
    });
  withColorOption(audit.command('verify'))
    .description(
      'check ledgers, artifacts, histories and scores; exit status 1: failed, 2: a check was skipped',
    )
    .argument(...run)
    .option(
      '--trusted-key <file>',
      'public key (PEM) that must have signed the run; can be repeated',
      collect,
    )
    .option('--trust-code', 'also run workflow code that is neither installed nor signed by a trusted key')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { verifyCommand } = await import('./commands/audit/verify.js');
      process.exitCode = await verifyCommand(name, flags);
    });
  withColorOption(audit.command('export'))
    .description('export the records of a run, as one bundle or for another tool')
    .argument(...run)
    .option('-o, --output <file>', 'file or folder to write (default: named after the run)')
    .option(
      '--format <name>',
      'bundle, ro-crate (a folder), csv, mlflow, model-card, open-lineage or in-toto',
      'bundle',
    )
    .addOption(
      new Option('--to <address>', 'with --format mlflow: send the runs to this tracking server').conflicts([
        'output',
        'force',
      ]),
    )
    .option('--force', 'replace an existing file')
    .addOption(jsonOption())
    .action(async (name: string, flags: { format: string }) => {
      const { exportCommand } = await import('./commands/audit/export.js');
      await exportCommand(name, flags);
    });
}
