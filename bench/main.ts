/** `npm run bench -- NAME`: runs one benchmark and prints its table. */
import { BudgetlineError, failures } from '../core/failures';
import { benchGeneration } from './generation';
import { benchGpu } from './gpu/main';
import { benchOrchestration } from './orchestration/bench';
import { benchResume } from './resume';
import { benchSearch } from './search';
import { benchSmollm2 } from './smollm2';
import { benchTrainer } from './trainer';

const benchmarks: Readonly<Record<string, (argv: readonly string[]) => Promise<void>>> = {
  orchestration: benchOrchestration,
  generation: benchGeneration,
  gpu: benchGpu,
  resume: benchResume,
  search: benchSearch,
  smollm2: benchSmollm2,
  trainer: benchTrainer,
};

async function main([name = '', ...argv]: readonly string[]): Promise<number> {
  const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
  if (benchmark === undefined) {
    console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join('|')}`);
    return 64;
  }
  await benchmark(argv);
  return 0;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    if (error instanceof BudgetlineError) console.error(error.remedy);
    process.exitCode = error instanceof BudgetlineError ? (failures[error.code].exitCode ?? 1) : 1;
  },
);
