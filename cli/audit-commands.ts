import type { Command } from 'commander';
import { jsonOption, withColorOption } from './options';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `budgetline audit …` and `reproduce`; each command is loaded when it is called. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('where a number comes from, and whether it can be trusted');
  const run = ['<run>', 'an experiment by its id, or the file of a bundle'] as const;
  withColorOption(audit.command('show', { isDefault: true }))
    .description('tell the story of a run: stages, attempts, failures, waiting and working, money')
    .argument(...run)
    .option('--html <file>', 'write it as a page with a timeline, too')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { storyCommand } = await import('./commands/audit/story.js');
      await storyCommand(name, flags);
    });
  withColorOption(audit.command('diff'))
    .description('say what differs between two runs: definition, data, model, code, environment, metrics')
    .argument('<a>', run[1])
    .argument('<b>', run[1])
    .addOption(jsonOption())
    .action(async (a: string, b: string, flags: object) => {
      const { diffCommand } = await import('./commands/audit/compare.js');
      await diffCommand(a, b, flags);
    });
  withColorOption(audit.command('explain'))
    .description('say why a stage ran again or came from the store, field by field')
    .argument('<stage>', 'its key, or the first digits of it')
    .addOption(jsonOption())
    .action(async (key: string, flags: object) => {
      const { explainCommand } = await import('./commands/audit/compare.js');
      await explainCommand(key, flags);
    });
  withColorOption(program.command('reproduce'))
    .description(
      'run a recorded sweep or experiment again in an empty store, and say stage by stage whether the bytes are the same',
    )
    .argument(...run)
    .option('--tasks <file>', 'a file whose export "tasks" holds the tasks of your own that it names')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { reproduceCommand } = await import('./commands/reproduce.js');
      process.exitCode = await reproduceCommand(name, flags);
    });
  withColorOption(audit.command('verify'))
    .description(
      'check chains, artifacts, histories and scores; exit status 1 where something is wrong, 2 where a check could not be made',
    )
    .argument(...run)
    .option('--trusted-key <file>', 'public key (PEM) that must have signed; may be given again', collect)
    .option('--trust-code', 'replay also workflow code that is neither installed nor signed by a trusted key')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { verifyCommand } = await import('./commands/audit/verify.js');
      process.exitCode = await verifyCommand(name, flags);
    });
  withColorOption(audit.command('export'))
    .description('write everything that a run rests on into one file')
    .argument(...run)
    .option('-o, --output <file>', 'the file; named after the run unless told')
    .option(
      '--format <name>',
      'bundle, ro-crate (a folder), csv, mlflow, model-card, open-lineage or in-toto',
      'bundle',
    )
    .option('--to <address>', 'with --format mlflow: send it to this tracking server')
    .addOption(jsonOption())
    .action(async (name: string, flags: { format: string }) => {
      const { exportCommand } = await import('./commands/audit/export.js');
      await exportCommand(name, flags);
    });
}
