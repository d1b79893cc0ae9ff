/** Writes docs/errors.md from the table of failures: `npx ts-node scripts/errors-doc.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FailureInfo } from '../core/failure-table';
import { failures } from '../core/failures';

const longestLine = 100;

const head = `# Errors

Every failure of Budgetline has a stable code. The command line prints \`error[CODE]: \` and one
sentence that names the file, line, field or path, on standard error. With \`--json\` it also prints
\`{"error": {"code", "message", "remedy"}}\` on standard output, unless it has already printed its
document. In Temporal the code is the type of the \`ApplicationFailure\`; in the ledger it is the
\`code\` of an ended attempt. Codes are stable and sentences may change, so match on codes only.

"Exit" is the status with which the training executable ends. "Retried" says whether the stage is
tried again: so often as \`execution.infrastructureRetries\` allows, or, where it is "Waited out", for
\`execution.outageHours\`. This page is generated from \`core/failure-table.ts\` by
\`npx ts-node scripts/errors-doc.ts\`; a test compares the two.
`;

/** Breaks a paragraph between words. */
export function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.pop();
    const longer = line === undefined ? word : `${line} ${word}`;
    if (line !== undefined && longer.length > longestLine) lines.push(line, word);
    else lines.push(longer);
  }
  return lines.join('\n');
}

function entry([code, { exitCode, retried, outage, meaning, remedy }]: [string, FailureInfo]): string {
  const facts = [outage ? 'Waited out.' : `Retried: ${retried ? 'yes' : 'no'}.`];
  if (exitCode !== undefined) facts.unshift(`Exit ${exitCode}.`);
  return `## ${code}\n\n${wrap(`${meaning} ${facts.join(' ')}`)}\n\n${wrap(remedy)}\n`;
}

/** The whole page. */
export function describeFailures(): string {
  return [head, ...Object.entries(failures).map(entry)].join('\n');
}

if (require.main === module) writeFileSync(join(__dirname, '..', 'docs', 'errors.md'), describeFailures());
