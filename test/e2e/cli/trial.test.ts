import assert from 'node:assert/strict';
import { call, type Ended } from '../../support/cli/executable';
import { writeOwnTask } from '../../support/own-task';
import { temporaryFolder } from '../../support/temporary';

describe('the plan of a user’s task', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let sweeps = 0;
  type Edits = Parameters<typeof writeOwnTask>[1];
  const planned = (
    edits: Edits,
    words: readonly string[] = ['plan'],
    more: readonly string[] = [],
  ): Promise<Ended> => {
    sweeps += 1;
    const file = writeOwnTask(folder.at(`sweep-${sweeps}`), edits);
    return call([...words, file, ...more], { env: { BUDGETLINE_HOME: folder.at('home') } });
  };
  const grader = 'Number(/#### (\\d+)/.exec(answer)?.[1] === String(expected))';

  it('shows scores, lengths, and one prompt with its answer', async () => {
    const { status, stdout, stderr } = await planned([]);
    assert.equal(status, 0, stderr);
    const text = stdout.replace(/\s+/g, ' ');
    const [, pens, price] =
      /Prompt pool-\d{5}: "Q: Ann buys (\d+) pens\. Each is (\d+)\. How many\?\\nA:" /.exec(text) ?? [];
    const total = Number(pens) * Number(price);
    assert.ok(text.includes(`Answer " ${pens}*${price}=${total} #### ${total}", score 1.000`), text);
    assert.match(
      text,
      /Trial answers of purchases, by its verifier; an answer may have 8 tokens \(evaluation\.maxNewTokens\), a row \d+ \(sft\.maxLength\) reference answers: all 32 score 1; \d+ to \d+ characters, median \d+ clean: all 32 score 1;/,
    );
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  it('has the same for programs', async () => {
    const { status, stdout } = await planned([], ['plan'], ['--json']);
    assert.equal(status, 0);
    const { trials } = JSON.parse(stdout) as { trials: { task: string; answers: { items: number }[] }[] };
    assert.deepEqual(
      trials.map(({ task, answers }) => [task, ...answers.map(({ items }) => items)]),
      [['purchases', 32, 32]],
    );
  });

  it('names the file and line where a verifier fails, for plan and run alike', async () => {
    const fails = grader.replace('?.', '!.');
    for (const words of [['plan'], ['run']]) {
      const { status, stderr } = await planned(
        [['lib/grade.ts', grader, fails.replace('answer)!.[1]', 'answer)![1]')]],
        words,
      );
      assert.equal(status, 78);
      const text = stderr.replace(/\s+/g, ' ');
      assert.match(
        text,
        /error\[TASK_FAULTY\]: The verifier of task purchases fails on an empty answer to pool-\d{5}: TypeError: .* \(.*sweep-\d+\/lib\/grade\.ts:3\)/,
      );
    }
  });

  it('reports a score that is not a number, and references that score 0', async () => {
    const none = await planned([['lib/grade.ts', grader, 'NaN']]);
    assert.match(
      none.stderr.replace(/\s+/g, ' '),
      /returns the score NaN for the reference answer to pool-\d{5}, " \d+\*/,
    );
    const zero = await planned([['lib/grade.ts', grader, '0']], ['run']);
    assert.match(
      zero.stderr.replace(/\s+/g, ' '),
      /error\[TASK_FAULTY\]: All 32 reference answers of task purchases that were tried score 0 by its verifier\. pool-\d{5}: prompt "Q: Ann/,
    );
  });

  it('stops an annotator that does not end, and names it', async () => {
    const endless = `annotators: [{ name: 'endless', description: 'Never ends.', demonstrate: () => { for (;;); } }],
  prompt: question,`;
    const startedMs = performance.now();
    const { status, stderr } = await planned([['task.ts', 'prompt: question,', endless]]);
    const seconds = (performance.now() - startedMs) / 1000;
    assert.equal(status, 78);
    assert.match(
      stderr.replace(/\s+/g, ' '),
      /error\[TASK_FAULTY\]: Annotator endless of task purchases, on pool-\d{5}, did not end within (19|20|21) s and was stopped\./,
    );
    assert.ok(seconds >= 19 && seconds < 60, `${seconds} s`);
  });

  it('stops a prompt function that does not end, and names it', async () => {
    const { status, stderr } = await planned([
      ['task.ts', 'prompt: question,', 'prompt: () => { for (;;); },'],
    ]);
    assert.equal(status, 78);
    assert.match(
      stderr.replace(/\s+/g, ' '),
      /error\[TASK_FAULTY\]: "prompt" of task purchases, on pool-00000, did not end within (19|20|21) s and was stopped\./,
    );
  });
});
