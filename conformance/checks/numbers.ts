import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../../schemas/json-lines';
import type { Check } from '../check';
import { expect, expectResult, filesOf } from '../expect';
import { rowCount, stepCount } from '../kit';
import { eventsOf, type Run } from '../run';

function readRows<Row>(folder: string, name: string): Row[] {
  const path = join(folder, name);
  expect(existsSync(path), `there is no ${name}`);
  return linesOf(readFileSync(path, 'utf8')).map(({ text }) => JSON.parse(text) as Row);
}

interface Generated {
  readonly id: string;
  readonly sample: number;
  readonly completion: string;
  readonly tokens: number;
  readonly finish: string;
}

const preferenceMetrics = [
  'rewards/chosen',
  'rewards/rejected',
  'rewards/accuracies',
  'rewards/margins',
  'logps/chosen',
  'logps/rejected',
];

const near = (a: number | undefined, b: number, tolerance: number): boolean =>
  a !== undefined && Math.abs(a - b) <= tolerance;

const heldOutLosses = (run: Run) =>
  eventsOf(run, 'metric').flatMap(({ step, values }) => {
    const loss = values['eval_loss'];
    return loss === undefined ? [] : [{ step, loss }];
  });

export const numberChecks: readonly Check[] = [
  {
    section: 'Training',
    rule: 'held-out rows change no weight; their loss, if reported, is that of logprobs after every epoch',
    async run(kit) {
      const { run: whole } = await kit.undisturbed();
      const base = kit.sft('held-out');
      const job = { ...base, heldOut: base.data };
      const run = await kit.start(job);
      const weightsOf = (of: Run): string | undefined =>
        expectResult(of).files.find(({ path }) => path === 'adapter_model.safetensors')?.sha256;
      expect(
        weightsOf(run) === weightsOf(whole),
        'adapter_model.safetensors differs from a run without them',
      );
      const losses = heldOutLosses(run);
      if (losses.length === 0) return;
      const { epochs } = job.training;
      const ends = Array.from({ length: epochs + 1 }, (_, epoch) => (epoch * stepCount) / epochs);
      const steps = losses.map(({ step }) => step).join();
      expect(steps === ends.join(), `eval_loss was sent for the steps ${steps}, not ${ends.join()}`);
      for (const [adapter, found] of [
        [null, losses[0]],
        [job.outputDir, losses.at(-1)],
      ] as const) {
        const named = { ...kit.logprobs(adapter === null ? 'held-out-start' : 'held-out-end'), adapter };
        expectResult(await kit.start(named));
        const rows = readRows<{ logprob: number; tokens: number }>(named.outputDir, 'logprobs.jsonl');
        const total = (of: 'logprob' | 'tokens'): number => rows.reduce((sum, row) => sum + row[of], 0);
        const wanted = -total('logprob') / total('tokens');
        expect(near(found?.loss, wanted, 1e-4), `eval_loss is ${found?.loss}, and logprobs has ${wanted}`);
      }
    },
  },
  {
    section: 'Preference losses',
    rule: 'at step 1 the margin is 0 and the loss ln 2; reference log-probabilities equal those of logprobs',
    async run(kit) {
      const job = kit.preference('first-step');
      const run = await kit.start(job);
      expectResult(run);
      const values = eventsOf(run, 'metric')[0]?.values ?? {};
      const missing = preferenceMetrics.find((name) => !Number.isFinite(values[name]));
      expect(missing === undefined, `step 1 has no metric "${missing ?? ''}"`);
      expect(near(values['loss'], Math.LN2, 1e-4), `the loss of step 1 is ${values['loss']}`);
      expect(
        near(values['rewards/margins'], 0, 1e-4),
        `the margin of step 1 is ${values['rewards/margins']}`,
      );
      const scoring = kit.logprobs('scores');
      expectResult(await kit.start(scoring));
      const scores = readRows<{ logprob: number; tokens: number }>(scoring.outputDir, 'logprobs.jsonl');
      const references = readRows<{ chosen: number; chosenTokens: number }>(
        job.outputDir,
        'reference-logprobs.jsonl',
      );
      expect(scores.length === rowCount && references.length === rowCount, 'rows are missing');
      for (const [index, { logprob, tokens }] of scores.entries()) {
        const { chosen, chosenTokens } = references[index]!;
        expect(tokens === chosenTokens, `row ${index + 1} has ${tokens} and ${chosenTokens} tokens`);
        expect(near(logprob, chosen, 1e-4 * tokens), `row ${index + 1} has ${logprob} and ${chosen}`);
      }
    },
  },
  {
    section: 'Preference losses',
    rule: 'at step 1 the loss of "sigmoid" with labelSmoothing and sftWeight is ln 2 + sftWeight · nll_loss',
    async run(kit) {
      const loss = { name: 'sigmoid', beta: 0.1, labelSmoothing: 0.2, sftWeight: 0.5 } as const;
      const run = await kit.start({ ...kit.preference('sft-term'), loss });
      expectResult(run);
      const { loss: found, nll_loss: nll = NaN } = eventsOf(run, 'metric')[0]?.values ?? {};
      expect(near(found, Math.LN2 + 0.5 * nll, 1e-4), `the loss of step 1 is ${found}, nll_loss ${nll}`);
    },
  },
  {
    section: 'Generation',
    rule: 'onOverlength "truncate" cuts long prompts on the left and counts them as truncatedPrompts',
    async run(kit) {
      const all = { ...kit.generate('truncated'), maxPromptTokens: 4, onOverlength: 'truncate' } as const;
      const { metrics } = expectResult(await kit.start(all));
      const found = metrics['truncatedPrompts'];
      expect(found === rowCount, `truncatedPrompts is ${found}, and all ${rowCount} prompts are too long`);
    },
  },
  {
    section: 'Generation',
    rule: 'answers are in the order of the prompts, and a sample does not depend on other rows',
    async run(kit) {
      const all = kit.generate('generated');
      expectResult(await kit.start(all));
      const rows = readRows<Generated>(all.outputDir, 'generations.jsonl');
      const order = rows.map(({ id, sample }) => `${id} ${sample}`);
      expect(new Set(order).size === 2 * rowCount, `there are ${order.length} answers`);
      const sorted = readRows<{ id: string }>(kit.folder, 'prompts.jsonl').flatMap(({ id }) => [
        `${id} 0`,
        `${id} 1`,
      ]);
      expect(order.join() === sorted.join(), 'they are in another order');
      const some = readRows<{ id: string }>(kit.folder, 'prompts.jsonl').slice(5, 6);
      const alone = { ...kit.generate('alone'), prompts: kit.writeRows('alone.jsonl', some), samples: 3 };
      expectResult(await kit.start(alone));
      for (const row of readRows<Generated>(alone.outputDir, 'generations.jsonl').slice(0, 2)) {
        const same = rows.find(({ id, sample }) => id === row.id && sample === row.sample);
        expect(
          same?.completion === row.completion,
          `${row.id}, sample ${row.sample}, differs when run alone`,
        );
      }
    },
  },
  {
    section: 'Commands',
    rule: 'sft writes a PEFT adapter, and metrics.jsonl with one line per step',
    async run(kit) {
      const { job, run } = await kit.undisturbed();
      const files = filesOf(run);
      for (const name of ['adapter_config.json', 'adapter_model.safetensors', 'metrics.jsonl'])
        expect(files.includes(`${name} `), `there is no ${name}`);
      const lines = readRows(job.outputDir, 'metrics.jsonl');
      expect(lines.length === stepCount, `metrics.jsonl has ${lines.length} lines for ${stepCount} steps`);
    },
  },
  {
    section: 'Commands',
    rule: 'merge writes a model folder with an unchanged tokenizer.json',
    async run(kit) {
      const job = kit.merge('merged');
      expectResult(await kit.start(job));
      for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
        expect(existsSync(join(job.outputDir, name)), `there is no ${name}`);
      const bytes = (folder: string) => readFileSync(join(folder, 'tokenizer.json'));
      expect(bytes(job.outputDir).equals(bytes(job.model)), 'tokenizer.json has changed');
    },
  },
];
