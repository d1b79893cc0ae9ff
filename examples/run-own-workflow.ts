/**
 * Runs the workflow of own-workflow.ts:
 *   npx ts-node --transpile-only examples/run-own-workflow.ts [BUDGET] [ITEMS]
 * Here one process runs all three workers; in production each is its own process.
 */
import {
  builtInTasks,
  connect,
  connectWorker,
  createWorker,
  defineExperiment,
  ensureServer,
  gradeSchoolMathDefaults,
  resolveDefinition,
} from 'budgetline';
import type { approvedTuning } from './own-workflow';

const home = process.env['BUDGETLINE_HOME'] ?? '.budgetline';
const queue = 'own-workflows';

const definition = defineExperiment({
  ...gradeSchoolMathDefaults,
  name: 'approved-tuning',
  annotator: 'majority-error',
  budget: Number(process.argv[2] ?? 256),
  sftFraction: 0.5,
  evaluation: { ...gradeSchoolMathDefaults.evaluation, items: Number(process.argv[3] ?? 400) },
});

async function startWorkers(env: NodeJS.ProcessEnv) {
  const { connection } = await connectWorker({ env });
  const workers = await Promise.all([
    createWorker({ connection, home, queue: 'cpu' }),
    createWorker({ connection, home, queue: 'gpu' }),
    createWorker({ connection, home, queue, workflowsPath: require.resolve('./own-workflow') }),
  ]);
  const ended = Promise.all(workers.map((worker) => worker.run()));
  return async (): Promise<void> => {
    for (const worker of workers) worker.stop();
    await ended;
    await connection.close();
  };
}

async function main(): Promise<void> {
  const { env, uiUrl } = await ensureServer({ home, env: process.env, onProgress: console.error });
  const stopWorkers = await startWorkers(env);
  const client = await connect({ env });
  const resolved = await resolveDefinition(definition, { tasks: builtInTasks });
  const workflowId = `approved-tuning-${definition.budget}`;
  console.error(`Follow it at ${uiUrl}/namespaces/default/workflows/${workflowId}`);
  const options = { taskQueue: queue, workflowId, args: [resolved] as [typeof resolved] };
  const handle = await client.workflow.start<typeof approvedTuning>('approvedTuning', options);
  // The workflow waits for it, however many days it takes. Here it is sent at once.
  await handle.signal('decide', true);
  console.log(JSON.stringify(await handle.result()));
  await stopWorkers();
  await client.connection.close();
}

void main();
