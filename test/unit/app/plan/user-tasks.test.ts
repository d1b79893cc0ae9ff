import assert from 'node:assert/strict';
import { preferenceAnnotator } from '../../../../annotators';
import { userTasks } from '../../../../app/plan/user-tasks';
import { defineSweep } from '../../../../definitions';
import { gradeSchoolMathDefaults } from '../../../../tasks';

describe('the tasks of a sweep with a user’s preference annotators', () => {
  const definition = defineSweep({
    ...gradeSchoolMathDefaults,
    name: 'labelled',
    annotator: 'clean',
    budgets: [8],
    sftFractions: [0.5],
  });
  const labels = preferenceAnnotator({ name: 'ours', description: 'Ours.', by: () => 'tie' });

  it('have them, next to their own annotators', () => {
    const [task, ...others] = userTasks(definition, { preferenceAnnotators: [labels] });
    assert.deepEqual([task?.name, others], ['grade-school-math', []]);
    assert.deepEqual(task?.preferenceAnnotators, [labels]);
    assert.ok(task.annotators.some(({ name }) => name === 'clean'));
    assert.deepEqual(userTasks(definition, {}), []);
  });
});
