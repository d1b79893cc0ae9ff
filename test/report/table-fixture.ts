import { readFileSync } from 'node:fs';
import { analyzeTable } from '../../analysis';
import { parseResults } from '../../cli/results-csv';
import type { TableReportInput } from '../../report';
import { llamaFile } from '../analysis/llama-table';

export const planted = '<script>document.title="stolen"</script>';

/** The study's Llama table, in which one task, one model and the file have names that try to become markup. */
export function tableFixture(): TableReportInput {
  const hostile = `"GSM8K ${planted.replaceAll('"', '""')}",m&m`;
  const text = readFileSync(llamaFile, 'utf8').replace(/^GSM8K,Llama 3\.1 8B/gm, hostile);
  const { rows, notes } = parseResults(text, 'llama.csv');
  const prices = { sftExample: 0.001, preferencePair: 0.001 };
  const analyses = analyzeTable(rows, { delta: 0.02, prices });
  return { source: `${planted}.csv`, analyses, notes: [...notes, planted] };
}
