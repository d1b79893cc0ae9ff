import { Option, type Command } from 'commander';
import type { SteeringCommand } from '../schemas/steering';
import { parseCount, parseShare } from './arguments';
import type { listCommand } from './commands/list';
import { jsonOption, withColorOption } from './options';

function addSteering(
  program: Command,
  spec: { readonly usage: string; readonly description: string },
  commandOf: (value: string, flags: { yield?: boolean }) => SteeringCommand,
): Command {
  return withColorOption(program.command(spec.usage))
    .description(spec.description)
    .action(async (id: string, ...rest: unknown[]) => {
      const [value, flags] = typeof rest[0] === 'object' ? [undefined, rest[0]] : [rest[0], rest[1]];
      const { steerCommand } = await import('./commands/steer.js');
      await steerCommand(id, commandOf(value as string, flags as object), flags as object);
    });
}

function addListCommand(program: Command): void {
  withColorOption(program.command('list'))
    .description('list runs, newest first')
    .option('--sweep <id>', 'only this sweep and its cells')
    .option('--experiment <id>', 'only this cell')
    .option('--stage <key>', 'only cells with this stage: its key, or at least its first 12 digits')
    .option('--task <name>', 'only runs of this task')
    .option('--model <name>', 'only runs with this base model')
    .option('--sft-fraction <share>', 'only cells with this SFT fraction', parseShare)
    .option('--budget <rows>', 'only cells with this budget', parseCount)
    .option('--digest <digits>', 'only runs of this definition: its digest, or its first digits')
    .addOption(
      new Option('--state <state>', 'only runs in this state').choices([
        ...['running', 'completed', 'failed', 'cancelled', 'terminated'],
      ]),
    )
    .option('--cells', 'also list the cells of sweeps')
    .option('--limit <n>', 'maximum number of runs', parseCount, 50)
    .addOption(jsonOption())
    .action(async (flags: Parameters<typeof listCommand>[0]) => {
      const { listCommand } = await import('./commands/list.js');
      await listCommand(flags);
    });
}

/** Commands for a run: a sweep, an experiment or a cell, by id. */
export function addRunCommands(program: Command): void {
  addListCommand(program);
  withColorOption(program.command('status'))
    .description('print the progress or the outcome of a run')
    .argument('<id>', 'id of a sweep, an experiment, a cell or a workflow of your own')
    .addOption(jsonOption())
    .action(async (id: string, flags: object) => {
      const { statusCommand } = await import('./commands/status.js');
      await statusCommand(id, flags);
    });
  addSteering(
    program,
    { usage: 'cancel <id>', description: 'cancel a run (running stages save a checkpoint first)' },
    () => ({
      action: 'cancel',
    }),
  );
  addSteering(
    program,
    { usage: 'pause <id>', description: 'pause a run: running stages finish, no new stage starts' },
    (_, flags) => ({ action: 'pause', mode: flags.yield === true ? 'yield' : 'drain' }),
  ).option('--yield', 'running stages save a checkpoint and release their devices');
  addSteering(program, { usage: 'resume <id>', description: 'resume a paused run' }, () => ({
    action: 'resume',
  }));
  addSteering(
    program,
    { usage: 'concurrency <id> <cells>', description: 'set how many cells a sweep runs in parallel' },
    (cells) => ({ action: 'concurrency', cells: parseCount(cells) }),
  );
}
