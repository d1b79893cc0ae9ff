import { Option, type Command } from 'commander';

export const jsonOption = (): Option =>
  new Option('--json', 'print one JSON document; words go to standard error');

export function withColorOption(command: Command): Command {
  return command.option('--no-color', 'no colours');
}
