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
import type { Comparison } from './own-workflow';

const home = process.env['BUDGETLINE_HOME'] ?? '.budgetline';
const queue = 'own-workflows';

const definition = defineExperiment({
  ...gradeSchoolMathDefaults,
  name: 'compare-trainings',
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
  const workflowId = `compare-trainings-${definition.budget}`;
  console.error(`Follow it at ${uiUrl}/namespaces/default/workflows/${workflowId}`);
  const options = { taskQueue: queue, workflowId, args: [resolved] };
  const scores = (await client.workflow.execute('compareTrainings', options)) as Comparison;
  console.log(JSON.stringify(scores));
  await stopWorkers();
  await client.connection.close();
}

void main();
