import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { workflowBundlePath } from '../../client';
import '../support/quiet-runtime';
import { historiesFolder } from '../support/record-histories';

interface Recorded {
  readonly workflowId: string;
  readonly events: {
    eventType: string;
    activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  }[];
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

describe('server: recorded histories', function () {
  this.timeout(60_000);

  it('are there for a sweep with a control, one with a hole, and a cell', () => {
    assert.deepEqual(names.sort(), ['cell.json', 'sweep-with-hole.json', 'sweep.json']);
  });

  for (const name of names)
    it(`replay: ${name}`, async () => {
      await replay(readHistory(name));
    });

  it('fail where the workflow would ask for another activity', async () => {
    const history = readHistory('cell.json');
    const scheduled = history.events.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    const [, second] = scheduled;
    assert.equal(second?.activityType.name, 'trainSft');
    second.activityType.name = 'evaluate';
    await assert.rejects(replay(history), DeterminismViolationError);
  });
});
