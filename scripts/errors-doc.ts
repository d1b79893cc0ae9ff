/** Writes docs/errors.md from the table of failures: `npx ts-node scripts/errors-doc.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failures, type FailureInfo } from '../contracts/failures';

const head = `# Errors

Every failure of Budgetline has a stable code. The command line prints \`error[CODE]: \` in front of the
sentence that names the file, line, field or path, on standard error; with \`--json\` it also prints
\`{"error": {"code", "message", "remedy"}}\` on standard output, unless it has printed its document
before it failed. In Temporal the code is the type of the \`ApplicationFailure\`; in the ledger it is the
\`code\` of an ended attempt. Codes stay; sentences may change, so match on codes only. This page is made
from \`contracts/failures.ts\` by \`npx ts-node scripts/errors-doc.ts\`, and a test holds the two equal.

"Exit" is the status with which the training executable ends for this reason. "Tried again" says whether a stage that
ended so is retried by itself.
`;

function entry([code, { exitCode, retried, meaning, remedy }]: [string, FailureInfo]): string {
  const facts = [`Tried again: ${retried ? 'yes' : 'no'}.`];
  if (exitCode !== undefined) facts.unshift(`Exit ${exitCode}.`);
  return `## ${code}\n\n${meaning} ${facts.join(' ')}\n\n${remedy}\n`;
}

/** The whole page. */
export function describeFailures(): string {
  return [head, ...Object.entries(failures).map(entry)].join('\n');
}

if (require.main === module) writeFileSync(join(__dirname, '..', 'docs', 'errors.md'), describeFailures());
