import type { Finding, SubjectAnalysis } from '../../contracts/analysis';
import { describeSwitches } from '../../report';
import type { Ink } from './ink';
import { formatCount } from './numbers';
import { wrap } from './text';

const headings: Record<Finding['kind'], string> = {
  'falling-chosen': 'Chosen answers became less likely',
  'length-hacking': 'Length in place of quality',
  saturation: 'Saturation of demonstrations',
  'buy-more-or-stop': 'Stop buying',
};

function renderFinding(finding: Finding, ink: Ink): string[] {
  const words = `${headings[finding.kind]}: ${finding.status}. ${finding.advice}`;
  return [
    ...wrap(words, { first: '  ' }),
    ...finding.evidence.flatMap((sentence) => wrap(sentence, { first: '    ' })).map(ink.faint),
  ];
}

/** What has stopped paying, and what preference tuning has bent. */
export function renderFindings({ findings }: SubjectAnalysis, ink: Ink): string[] {
  if (findings.length === 0) return [];
  return [ink.strong('Further diagnoses'), ...findings.flatMap((finding) => renderFinding(finding, ink))];
}

/** Which fraction to buy as the ratio of prices changes, for each amount of money. */
export function renderPrices({ prices }: SubjectAnalysis, ink: Ink): string[] {
  if (prices.length === 0) return [];
  const lines = prices.flatMap((one) =>
    wrap(`${formatCount(one.money)} pairs’ money: ${describeSwitches(one)}`, { first: '  ', rest: '    ' }),
  );
  return [ink.strong('What to buy as a demonstration costs 0.5 to 10 pairs'), ...lines];
}
