import type { KeyObject } from 'node:crypto';
import type { Store } from '../../store';
import { renderCsv } from './csv';
import { readEvidence, type ExportEvidence } from './evidence';
import { renderStatement, signStatement } from './in-toto';
import { renderMlflow } from './mlflow';
import { renderModelCard } from './model-card';
import { renderOpenLineage } from './open-lineage';

const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Formats of other tools, by the name for `audit export --format`. */
export const exportFormats = {
  csv: { suffix: '.csv', render: ({ timeline }: ExportEvidence) => renderCsv(timeline) },
  mlflow: { suffix: '.mlflow.json', render: (evidence: ExportEvidence) => json(renderMlflow(evidence)) },
  'model-card': { suffix: '.model-card.md', render: renderModelCard },
  'open-lineage': { suffix: '.open-lineage.jsonl', render: renderOpenLineage },
  'in-toto': {
    suffix: '.intoto.json',
    render: (evidence: ExportEvidence, key: KeyObject | null) => {
      const statement = renderStatement(evidence);
      return json(key === null ? statement : signStatement(statement, key));
    },
  },
} as const;

export type ExportFormat = keyof typeof exportFormats;

/** Renders a run in another tool's format, as the text of one file. The key signs in-toto statements. */
export async function renderExport(
  store: Store,
  { experimentId, format, key }: { experimentId: string; format: ExportFormat; key: KeyObject | null },
): Promise<string> {
  return exportFormats[format].render(await readEvidence(store, experimentId), key);
}
