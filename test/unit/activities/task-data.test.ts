import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { createProblemCache } from '../../../activities/task-data';
import { ownName } from '../../../stages';
import { digestFile } from '../../../store';
import { gradeSchoolMath } from '../../../tasks';
import { temporaryFolder } from '../../support/temporary';

describe('problems of a file on a worker', () => {
  const folder = temporaryFolder();
  const data = {
    source: 'files',
    train: 'a',
    test: 'b',
    validation: 0,
    stripCalculationAnnotations: true,
  } as const;
  const source = { name: ownName, task: gradeSchoolMath.name, data };

  it('are read in the format of its name, and refused where the file is not the planned one', async () => {
    const files = { train: folder.at('train.csv.gz'), test: folder.at('test.json') };
    writeFileSync(files.train, gzipSync('question,answer\nWhat is 1+1?,#### 2\n'));
    writeFileSync(files.test, JSON.stringify({ data: [{ question: 'What is 2+2?', answer: '#### 4' }] }));
    const fileDigests = { train: await digestFile(files.train), test: await digestFile(files.test) };
    const load = () => createProblemCache([gradeSchoolMath]).load(files, { ...source, fileDigests });
    const { problems } = await load();
    assert.deepEqual(
      [...problems.pool, ...problems.test].map(({ id, target }) => [id, target]),
      [
        ['train-00002', '2'],
        ['test-00001', '4'],
      ],
    );
    writeFileSync(files.test, '[]');
    await assert.rejects(load(), { code: 'DATA_INVALID', message: /test\.json has changed/ });
    const missing = createProblemCache([gradeSchoolMath]).load(
      { ...files, train: folder.at('none.jsonl') },
      { ...source, fileDigests },
    );
    await assert.rejects(missing, { code: 'INPUT_MISSING', message: /none\.jsonl, which data\.train names/ });
  });
});
