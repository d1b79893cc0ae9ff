import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { definitionOptions, loadDefinition } from '../../cli/load-definition';
import { temporaryFolder } from '../support/temporary';

const tasks = resolve(__dirname, '../../tasks');

describe('pure: options of the command line', () => {
  const folder = temporaryFolder();

  it('--stall-seconds changes the limit of silence and nothing else of the execution', async () => {
    const path = folder.at('sweep.ts');
    const sweep = `{ ...gradeSchoolMathDefaults, name: 'slow', annotator: 'clean', budgets: [16], sftFractions: [1],
      execution: { threads: 2, stallSeconds: 60 } }`;
    writeFileSync(
      path,
      `import { gradeSchoolMathDefaults } from ${JSON.stringify(tasks)};\nexport default ${sweep};\n`,
    );
    const executions = [{}, { stallSeconds: 7200.5 }].map(async (flags) => {
      const { definition } = await loadDefinition(path, definitionOptions(flags));
      return definition.execution;
    });
    const [before, after] = await Promise.all(executions);
    assert.deepEqual([before?.threads, before?.stallSeconds], [2, 60]);
    assert.deepEqual(after, { ...before, stallSeconds: 7200.5 });
  });
});
