/** Tables of the preference losses, from their registry. */
import { z } from 'zod';
import type { LossRules } from '../losses/define';
import { losses } from '../losses/registry';
import { headOf, row } from './field-tables';

const all: readonly LossRules[] = losses as never;
const code = (name: string): string => `\`${name}\``;
const sftNames = all
  .filter(({ sftTerm }) => sftTerm)
  .map(({ name }) => code(name))
  .join(', ');

/** Name, loss and paper. */
export function lossTable(): string[] {
  return [
    ...headOf(['name', 'loss of a pair', 'paper']),
    ...all.map(({ name, equation, paper }) => row([code(name), equation, paper ?? ''])),
    row([
      `${sftNames} with \`sftWeight\` λ`,
      `λ times the mean cross-entropy of a step's chosen tokens is added: TRL's "sft" loss`,
      '',
    ]),
  ];
}

/** What a training executable must know: further fields, loss, its value at step 1, and rewards. */
export function protocolLossTable(): string[] {
  const fieldsOf = (rules: LossRules): string =>
    ['beta', ...Object.keys(rules.fields(z))].map(code).join(', ');
  return [
    ...headOf(['`loss.name`', 'fields', 'loss of a pair', 'at step 1', 'reward of an answer']),
    ...all.map((rules) =>
      row([
        code(rules.name),
        fieldsOf(rules),
        rules.equation,
        rules.atReference?.equation ?? '',
        rules.reward.equation,
      ]),
    ),
    row([
      sftNames,
      '`sftWeight` λ, if set',
      "plus λ times the mean cross-entropy of the step's chosen tokens, logged as `nll_loss`",
      '… + λ · `nll_loss`',
      '',
    ]),
  ];
}
