/** Reads every case of test/support/cases and prints right, refused and wrong: `npm run cases`. Fails if one is wrong. */
import { type CaseOutcome, checkCase } from '../test/support/cases/check-case';
import { rowCases } from '../test/support/cases/row-cases';

async function main(): Promise<void> {
  const counts: Record<CaseOutcome, number> = { right: 0, refused: 0, wrong: 0 };
  for (const one of rowCases) {
    const { outcome, found } = await checkCase(one);
    counts[outcome] += 1;
    console.log(`${outcome.padEnd(8)} ${one.file.padEnd(40)} ${one.kind.padEnd(15)} ${found}`);
  }
  console.log(`${counts.right} right, ${counts.refused} rightly refused, ${counts.wrong} wrong`);
  if (counts.wrong > 0) process.exitCode = 1;
}

void main();
