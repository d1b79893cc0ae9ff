import type { Finding } from '../../contracts/analysis/diagnoses';
import type { BudgetUnit } from '../../schemas/definition';
import { formatBudget, formatFraction } from '../format';
import { html, type Html } from '../html';
import type { Chapter } from '../input';
import { chapterHead, section } from './parts';

const names: Record<Finding['kind'], string> = {
  'under-trained': 'Under-trained',
  'falling-chosen': 'Chosen answers became less likely',
  'length-hacking': 'Longer answers, not better ones',
  saturation: 'Saturation of demonstrations',
  'buy-more-or-stop': 'Buy more, or stop',
};

const states: Record<Finding['status'], string> = { present: 'yes', absent: 'no', unclear: 'unclear' };

function headOf({ kind, status }: Finding): string {
  if (kind !== 'buy-more-or-stop') return `${names[kind]}: ${states[status]}`;
  return { present: 'Stop buying', absent: 'Buy more', unclear: names[kind] + ': not significant' }[status];
}

function findingBlock(finding: Finding, unit: BudgetUnit): Html {
  const place = `budget ${formatBudget(finding.budget, unit)}, SFT share ${formatFraction(finding.sftFraction)}`;
  return html`<li>
    <h3>${headOf(finding)}</h3>
    <p class="numbers">${place}</p>
    <ul>
      ${finding.evidence.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    <p>${finding.advice}</p>
  </li>`;
}

/** Saturation, and side effects of preference tuning. */
export function findingsSection(chapter: Chapter): Html {
  const { findings, unit } = chapter.analysis;
  if (findings.length === 0) return html``;
  return section(
    chapterHead(chapter, 'findings', 'Further diagnoses'),
    html`<ul class="claims">
      ${findings.map((finding) => findingBlock(finding, unit))}
    </ul>`,
  );
}
