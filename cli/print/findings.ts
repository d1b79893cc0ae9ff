import type { Finding } from '../../contracts/analysis/diagnoses';
import type { SubjectAnalysis } from '../../contracts/analysis/sweep';
import { describeSwitches } from '../../report';
import type { Ink } from './ink';
import { formatCount } from './numbers';
import { wrap } from './text';

const headings: Record<Finding['kind'], string> = {
  'under-trained': 'Under-trained',
  'falling-chosen': 'Chosen answers became less likely',
  'length-hacking': 'Length bias',
  saturation: 'SFT saturation',
  'buy-more-or-stop': 'Stop buying',
};

function renderFinding(finding: Finding, ink: Ink): string[] {
  const words = `${headings[finding.kind]}: ${finding.status}. ${finding.advice}`;
  return [
    ...wrap(words, { first: '  ' }),
    ...finding.evidence.flatMap((sentence) => wrap(sentence, { first: '    ' })).map(ink.faint),
  ];
}

/** Saturation, and side effects of preference tuning. */
export function renderFindings({ findings }: SubjectAnalysis, ink: Ink): string[] {
  if (findings.length === 0) return [];
  return [ink.strong('Further diagnoses'), ...findings.flatMap((finding) => renderFinding(finding, ink))];
}

/** The best SFT share by price ratio, for each amount of money. */
export function renderPrices({ prices }: SubjectAnalysis, ink: Ink): string[] {
  if (prices.length === 0) return [];
  const lines = prices.flatMap((one) =>
    wrap(`Money for ${formatCount(one.money)} pairs: ${describeSwitches(one)}`, {
      first: '  ',
      rest: '    ',
    }),
  );
  return [ink.strong('Best purchase by the price of a demonstration in pairs'), ...lines];
}
