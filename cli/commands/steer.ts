import { steerRun } from '../../app/run/steer';
import type { SteeringCommand } from '../../schemas/steering';
import { createPrinter, type PrinterOptions } from '../printer';

function sentenceOf(command: SteeringCommand, id: string): string {
  switch (command.action) {
    case 'cancel':
      return `${id} is being cancelled: what runs writes a checkpoint and ends. Start it again to go on.`;
    case 'pause':
      return command.mode === 'drain'
        ? `${id} is paused: stages that run finish, no other begins.`
        : `${id} is paused: what runs writes a checkpoint and gives its device back.`;
    case 'resume':
      return `${id} goes on.`;
    case 'concurrency':
      return `${id} runs ${command.cells} cells at once from now on.`;
  }
}

/** `budgetline cancel|pause|resume|concurrency ID`: asks a run that goes on, and says what comes of it. */
export async function steerCommand(
  workflowId: string,
  command: SteeringCommand,
  options: PrinterOptions,
): Promise<void> {
  await steerRun(workflowId, command);
  createPrinter(options).print([sentenceOf(command, workflowId)]);
}
