import { Option, type Command } from 'commander';
import type { SteeringCommand } from '../contracts/steering';
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
    .description('runs that Temporal knows, newest first, by what they are about')
    .option('--sweep <id>', 'a sweep and its cells')
    .option('--experiment <id>', 'one cell')
    .option('--stage <key>', 'cells with this stage: its key, or the first 12 digits')
    .option('--task <name>', 'of this task')
    .option('--model <name>', 'on this base model')
    .option('--fraction <share>', 'cells of this SFT fraction', parseShare)
    .option('--budget <rows>', 'cells of this budget', parseCount)
    .option('--digest <digits>', 'of this definition: its digest, or the first digits')
    .addOption(
      new Option('--state <state>', 'in this state').choices([
        ...['running', 'completed', 'failed', 'cancelled', 'terminated'],
      ]),
    )
    .option('--cells', 'cells of sweeps, too')
    .option('--limit <n>', 'at most so many', parseCount, 50)
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
    .description('say where a run stands, or how it ended')
    .argument('<id>', 'of a sweep, an experiment or a cell')
    .addOption(jsonOption())
    .action(async (id: string, flags: object) => {
      const { statusCommand } = await import('./commands/status.js');
      await statusCommand(id, flags);
    });
  addSteering(
    program,
    { usage: 'cancel <id>', description: 'end a run; what runs writes a checkpoint first' },
    () => ({
      action: 'cancel',
    }),
  );
  addSteering(
    program,
    { usage: 'pause <id>', description: 'begin no other stage; stages that run finish' },
    (_, flags) => ({ action: 'pause', mode: flags.yield === true ? 'yield' : 'drain' }),
  ).option('--yield', 'stages that run write a checkpoint and give their devices back');
  addSteering(program, { usage: 'resume <id>', description: 'go on after a pause' }, () => ({
    action: 'resume',
  }));
  addSteering(
    program,
    { usage: 'concurrency <id> <cells>', description: 'how many cells a sweep runs at once, from now on' },
    (cells) => ({ action: 'concurrency', cells: parseCount(cells) }),
  );
}
