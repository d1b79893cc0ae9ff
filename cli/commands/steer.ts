import { steerRun } from '../../app/run/steer';
import type { SteeringCommand } from '../../schemas/steering';
import { createPrinter, type PrinterOptions } from '../printer';

function sentenceOf(command: SteeringCommand, id: string): string {
  switch (command.action) {
    case 'cancel':
      return `${id} is being cancelled; running stages save a checkpoint first. Start it again to continue.`;
    case 'pause':
      return command.mode === 'drain'
        ? `${id} is paused: running stages finish, no new stage starts.`
        : `${id} is paused: running stages save a checkpoint and release their devices.`;
    case 'resume':
      return `${id} is resumed.`;
    case 'concurrency':
      return `${id} now runs up to ${command.cells} cells in parallel.`;
  }
}

/** `budgetline cancel|pause|resume|concurrency ID`: steers a running run. */
export async function steerCommand(
  workflowId: string,
  command: SteeringCommand,
  options: PrinterOptions,
): Promise<void> {
  await steerRun(workflowId, command);
  createPrinter(options).print([sentenceOf(command, workflowId)]);
}
