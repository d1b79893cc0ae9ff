import { formatCount } from '../format';
import { html, type Html } from '../html';
import type { ReportInput } from '../input';
import { distinctStages } from '../stages';
import { section, table, type Content } from './parts';

const mono = (text: string): Html => html`<span class="mono">${text}</span>`;

function identifiers({ definition, result, run }: ReportInput): [string, Content | undefined][] {
  return [
    ['Sweep', mono(result.sweepId)],
    ['Workflow', run.workflowId === undefined ? undefined : mono(run.workflowId)],
    ['Run', run.runId === undefined ? undefined : mono(run.runId)],
    [
      'In Temporal’s UI',
      run.temporalUi === undefined ? undefined : html`<a href="${run.temporalUi}">${run.temporalUi}</a>`,
    ],
    ['Definition, SHA-256', mono(result.definitionDigest)],
    ['Ledger head', mono(result.ledgerHead ?? 'none')],
    ['Base model', definition.model],
    ['Base model, SHA-256', run.modelDigest === undefined ? undefined : mono(run.modelDigest)],
    ['Judge', run.judge],
    ['Budgetline', run.packageVersion],
    ['Trainer', run.trainer],
    ['Host', run.host],
    ['Finished', run.finishedAt],
  ];
}

function artifactTable({ result }: ReportInput): Html {
  const stages = distinctStages(result);
  const rows = stages.map(({ title, kind, key, digest }) => ({
    cells: [title, kind, mono(key), mono(digest)],
  }));
  return html`<details>
    <summary>${formatCount(stages.length)} artifacts with keys and digests</summary>
    ${table({
      caption: 'Artifacts of this sweep; the digest covers the payload alone',
      columns: [{ title: 'Stage' }, { title: 'Kind' }, { title: 'Key' }, { title: 'Digest' }],
      rows,
    })}
  </details>`;
}

/** Identifiers and digests of the run. */
export function provenanceSection(input: ReportInput): Html {
  const rows = identifiers(input).flatMap(([name, value]) =>
    value === undefined ? [] : [{ cells: [name, value] }],
  );
  const ids = table({
    caption: 'Identifiers and digests',
    columns: [{ title: 'Name' }, { title: 'Value', text: true }],
    rows,
  });
  const definition = html`<details>
    <summary>The definition, as it ran</summary>
    <pre>${JSON.stringify(input.definition, null, 2)}</pre>
  </details>`;
  return section({ id: 'provenance', title: 'Provenance' }, ids, artifactTable(input), definition);
}
