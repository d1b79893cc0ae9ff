import { BudgetlineError } from '../core/failures';
import type { ResolvedModel } from '../contracts/resolved';
import type { ExperimentDefinition, SweepDefinition } from '../schemas/definition';

/**
 * Refuses LoRA targets that the base model does not have, before anything is bought.
 *
 * @throws BudgetlineError DEFINITION_INVALID
 */
export function assertLoraTargets(
  definition: ExperimentDefinition | SweepDefinition,
  { name, linearSides }: ResolvedModel,
): void {
  // The trainer reports weights that cannot be read.
  if (linearSides === undefined) return;
  const modules = Object.keys(linearSides);
  for (const stage of ['sft', 'preference'] as const) {
    const unknown = definition[stage].lora?.targetModules.find((target) => !modules.includes(target));
    if (unknown === undefined) continue;
    const field = `${stage}.lora.targetModules`;
    throw new BudgetlineError(
      'DEFINITION_INVALID',
      `${field}: the model ${name} has no linear layer "${unknown}"; it has ${modules.join(', ')}.`,
      {
        remedy: 'Name linear layers of the model.',
        details: { fields: [field], module: unknown, modules },
      },
    );
  }
}
