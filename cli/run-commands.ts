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
    .description('list the runs that Temporal knows, newest first')
    .option('--sweep <id>', 'only this sweep and its cells')
    .option('--experiment <id>', 'only this cell')
    .option('--stage <key>', 'only cells with this stage: its key, or the first 12 digits or more')
    .option('--task <name>', 'only runs of this task')
    .option('--model <name>', 'only runs on this base model')
    .option('--fraction <share>', 'only cells of this SFT fraction', parseShare)
    .option('--budget <rows>', 'only cells of this budget', parseCount)
    .option('--digest <digits>', 'only runs of this definition: its digest, or the first digits')
    .addOption(
      new Option('--state <state>', 'only runs in this state').choices([
        ...['running', 'completed', 'failed', 'cancelled', 'terminated'],
      ]),
    )
    .option('--cells', 'list the cells of sweeps as well')
    .option('--limit <n>', 'largest number of runs to list', parseCount, 50)
    .addOption(jsonOption())
    .action(async (flags: Parameters<typeof listCommand>[0]) => {
      const { listCommand } = await import('./commands/list.js');
      await listCommand(flags);
    });
}

/** Commands about a sweep, an experiment or a cell that goes on, by the id that the plan prints. */
export function addRunCommands(program: Command): void {
  addListCommand(program);
  withColorOption(program.command('status'))
    .description('print where a run stands, or how it ended')
    .argument('<id>', 'id of a sweep, an experiment or a cell')
    .addOption(jsonOption())
    .action(async (id: string, flags: object) => {
      const { statusCommand } = await import('./commands/status.js');
      await statusCommand(id, flags);
    });
  addSteering(
    program,
    { usage: 'cancel <id>', description: 'cancel a run; running stages write a checkpoint first' },
    () => ({
      action: 'cancel',
    }),
  );
  addSteering(
    program,
    { usage: 'pause <id>', description: 'pause a run: running stages finish, no other stage begins' },
    (_, flags) => ({ action: 'pause', mode: flags.yield === true ? 'yield' : 'drain' }),
  ).option('--yield', 'running stages write a checkpoint and free their devices');
  addSteering(program, { usage: 'resume <id>', description: 'go on with a paused run' }, () => ({
    action: 'resume',
  }));
  addSteering(
    program,
    { usage: 'concurrency <id> <cells>', description: 'set how many cells a sweep runs at once' },
    (cells) => ({ action: 'concurrency', cells: parseCount(cells) }),
  );
}
