import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundlePath } from '../../../host/package-files';
import '../../support/quiet-runtime';
import { historiesFolder } from '../../support/record-histories';

interface RecordedEvent {
  readonly eventType: string;
  readonly activityTaskStartedEventAttributes?: { readonly attempt: number };
  readonly workflowExecutionUpdateAcceptedEventAttributes?: {
    readonly acceptedRequest: { readonly input: { readonly name: string } };
  };
}

interface Recorded {
  readonly workflowId: string;
  readonly events: RecordedEvent[];
}

/** Events that some recorded history must have. */
const wanted = [
  ...['COMPLETED', 'CANCELED', 'CONTINUED_AS_NEW'].map((end) => `EVENT_TYPE_WORKFLOW_EXECUTION_${end}`),
  ...['START_CHILD_WORKFLOW_EXECUTION_INITIATED', 'CHILD_WORKFLOW_EXECUTION_FAILED'].map(
    (event) => `EVENT_TYPE_${event}`,
  ),
  ...['cancel', 'pause', 'resume', 'concurrency'].map((name) => `update ${name}`),
  'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
  'EVENT_TYPE_ACTIVITY_TASK_CANCELED',
  'retry',
];

function describeEvent(event: RecordedEvent): string[] {
  const { attempt = 1 } = event.activityTaskStartedEventAttributes ?? {};
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest.input.name;
  return [
    event.eventType,
    ...(attempt > 1 ? ['retry'] : []),
    ...(update === undefined ? [] : [`update ${update}`]),
  ];
}

const names = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));

function readHistory(name: string): Recorded {
  return JSON.parse(readFileSync(join(historiesFolder, name), 'utf8')) as Recorded;
}

function replay({ workflowId, events }: Recorded): Promise<void> {
  return Worker.runReplayHistory(
    { workflowBundle: { codePath: workflowBundlePath } },
    { events },
    workflowId,
  );
}

describe('recorded histories', function () {
  this.timeout(60_000);

  it('exist for every workflow, with everything that can happen to it', () => {
    const seen = names.map((name) => readHistory(name).events.flatMap(describeEvent));
    for (const what of wanted)
      assert.ok(
        seen.some((history) => history.includes(what)),
        what,
      );
  });

  it('are those of indexed runs, as all runs are if the server has the search attributes', () => {
    const bare = names.filter((name) => !JSON.stringify(readHistory(name)).includes('BudgetlineSweep'));
    assert.deepEqual(bare, []);
  });

  for (const name of names)
    it(`replay: ${name}`, async () => {
      await replay(readHistory(name));
    });

  it('fail with a workflow whose stages run in another order', async () => {
    const { workflowId, events } = readHistory('cell.json');
    const workflowsPath = join(__dirname, '../../support/reordered-workflows.ts');
    await assert.rejects(
      Worker.runReplayHistory({ workflowsPath }, { events }, workflowId),
      DeterminismViolationError,
    );
  });
});
