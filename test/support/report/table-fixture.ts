import { readFileSync } from 'node:fs';
import { analyzeResults } from '../../../app/results/analyze-results';
import { parseResults } from '../../../app/results/results-csv';
import type { TableReportInput } from '../../../report';
import { llamaFile } from '../analysis/llama-table';

export const planted = '<script>document.title="stolen"</script>';

const rules = { equivalenceMargin: 0.02, prices: { sftExample: 0.001, preferencePair: 0.001 } };

/** Two annotators, one of them with a name that tries to become markup. */
export function tableOverAxis(): TableReportInput {
  const lines = [planted, 'slip'].flatMap((annotator) =>
    [64, 256].flatMap((budget) =>
      [1, 0.5, 0].map((r) => `a,m,"${annotator.replaceAll('"', '""')}",${budget},${r},${0.3 + r / 10}`),
    ),
  );
  const text = ['task,model,annotator,budget,sft_fraction,score', ...lines].join('\n');
  const { rows, notes } = parseResults(text, 'axis.csv', ['annotator']);
  return { source: 'axis.csv', analyses: analyzeResults(rows, rules), notes };
}

/** The study's Llama table, in which one task, one model and the file have names that try to become markup. */
export function tableFixture(): TableReportInput {
  const hostile = `"GSM8K ${planted.replaceAll('"', '""')}",m&m`;
  const text = readFileSync(llamaFile, 'utf8').replace(/^GSM8K,Llama 3\.1 8B/gm, hostile);
  const { rows, notes } = parseResults(text, 'llama.csv');
  const analyses = analyzeResults(rows, rules);
  return { source: `${planted}.csv`, analyses, notes: [...notes, planted] };
}
