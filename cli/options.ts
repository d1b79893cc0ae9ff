import { Option, type Command } from 'commander';

export const jsonOption = (): Option =>
  new Option('--json', 'print JSON to standard output, and text to standard error');

export function withColorOption(command: Command): Command {
  return command.option('--no-color', 'print without colours');
}
