import type { Command } from 'commander';
import { jsonOption, withColorOption } from './options';

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `budgetline audit …`; each command is loaded when it is called. */
export function addAuditCommands(program: Command): void {
  const audit = program
    .command('audit')
    .description('where a number comes from, and whether it can be trusted');
  const run = ['<run>', 'an experiment by its id, or the file of a bundle'] as const;
  withColorOption(audit.command('verify'))
    .description('check chains, artifacts, histories and scores; exit status 1 where something is wrong')
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
    .option('-o, --output <file>', 'the file; RUN.tar unless told')
    .addOption(jsonOption())
    .action(async (name: string, flags: object) => {
      const { exportCommand } = await import('./commands/audit/export.js');
      await exportCommand(name, flags);
    });
}
