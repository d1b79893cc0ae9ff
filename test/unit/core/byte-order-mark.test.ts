import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { peopleAnnotator, PeopleQueue } from '../../../annotators';
import { ingestFile, readHeldOut, readRecordsFile } from '../../../ingest';
import { parseResults } from '../../../app/results/results-csv';
import { gradeSchoolMath, scoreInstructions } from '../../../tasks';
import { readJson } from '../../../trainer/io/files';
import { readJsonLines } from '../../../trainer/io/jsonl';
import { textContext } from '../../support/records';
import { temporaryFolder } from '../../support/temporary';

const mark = '\ufeff';
const marked = (...rows: unknown[]): string => mark + rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('files with a byte-order mark', () => {
  const folder = temporaryFolder();
  const write = (name: string, text: string): string => {
    writeFileSync(folder.at(name), text);
    return folder.at(name);
  };

  it('are read as problems of a task', async () => {
    const texts: Record<string, string> = {
      train: marked({ question: 'A?', answer: '#### 1' }, { question: 'B?', answer: '#### 2' }),
      test: marked({ question: 'C?', answer: '#### 3' }),
    };
    const set = await gradeSchoolMath.load(
      { source: 'files', train: 'a', test: 'b', validation: 0, stripCalculationAnnotations: true },
      textContext(texts, (name) => folder.at(name)),
    );
    assert.deepEqual([set.pool.length, set.test.length], [2, 1]);
  });

  it('are read as prompts and responses, in every Unicode normal form', async () => {
    const prompt = 'Un café ?';
    const asked = { key: 1, prompt, instruction_id_list: ['punctuation:no_comma'], kwargs: [{}] };
    const { promptStrict } = scoreInstructions({
      prompts: await readRecordsFile(write('p.jsonl', marked(asked))),
      responses: await readRecordsFile(
        write('r.jsonl', marked({ prompt: prompt.normalize('NFD'), response: 'Oui' })),
      ),
    });
    assert.equal(promptStrict, 1);
  });

  it('are read as annotations and as held-out prompts, in every format', async () => {
    const formats = {
      'rows.jsonl': marked({ prompt: 'p', completion: 'c' }),
      'rows.csv': `${mark}prompt,completion\np,c\n`,
      'rows.tsv': `${mark}prompt\tcompletion\np\tc\n`,
    };
    for (const [name, text] of Object.entries(formats)) {
      const path = write(name, text);
      assert.equal((await ingestFile({ path, kind: 'demonstrations' })).rows, 1, name);
      assert.equal((await readHeldOut(path)).overlap({ text: 'p' }), 'same text');
    }
  });

  it('are read as answers of people', async () => {
    const annotator = peopleAnnotator({ name: 'us', description: '', folder: folder.path() });
    const session = { report: () => undefined, record: () => undefined } as never;
    const ask = async () => annotator.annotateBatch?.([{ id: 'a', prompt: 'p', target: '' }], session);
    await assert.rejects(ask(), /1 of 1 rows wait/);
    const [row] = await new PeopleQueue(folder.path()).open();
    write('answers.jsonl', marked({ id: row?.id, completion: 'c' }));
    assert.deepEqual(await ask(), ['c']);
  });

  it('are read by the trainer, as rows and as a job', async () => {
    const rows: unknown[] = [];
    for await (const { row } of readJsonLines(write('t.jsonl', marked({ a: 1 }, { a: 2 })), z.unknown()))
      rows.push(row);
    assert.deepEqual(rows, [{ a: 1 }, { a: 2 }]);
    assert.deepEqual(readJson(write('job.json', marked({ a: 1 }))), { a: 1 });
  });

  it('are read as results', () => {
    const { rows } = parseResults(`${mark}task,model,budget,sft_fraction,score\nt,m,8,1,.5\n`, 'r.csv');
    assert.equal(rows.length, 1);
  });
});
