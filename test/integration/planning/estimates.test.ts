import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultTrainerCommand } from '../../../activities';
import { createKit } from '../../../conformance/kit';
import { eventsOf, type Run } from '../../../conformance/run';
import { embeddedModelPath } from '../../../host/package-files';
import { generating, training } from '../../../stages';
import { rates } from '../../../stages/rates';
import { readModelSize } from '../../../store';
import { initWeights } from '../../../trainer/engine';
import { readModelConfig } from '../../../trainer/io/model-config';
import { saveModelFolder } from '../../../trainer/io/model-folder';
import { resolveSweep } from '../../support/planning/resolve';
import { temporaryFolder } from '../../support/temporary';
import { makeDemonstrations, makePrompts } from '../../support/trainer/tiny-model';

const shape = (hidden: number, layers: number) => ({
  hidden_size: hidden,
  intermediate_size: Math.round(hidden * 2.66),
  num_hidden_layers: layers,
  num_attention_heads: hidden / 64,
  num_key_value_heads: hidden / 64,
  head_dim: 64,
});

describe('the time that a plan expects of a model', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();

  /** A Llama of this shape with random weights and the embedded tokenizer. */
  function makeShape(name: string, change: object): string {
    const source = folder.at(`${name}-shape`);
    cpSync(embeddedModelPath, source, { recursive: true });
    const path = join(source, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, ...change }));
    const made = folder.at(name);
    mkdirSync(made);
    const { config: read } = readModelConfig(source);
    saveModelFolder(made, { source, weights: initWeights(read, 1), family: read.family });
    return made;
  }

  const rateIn = (run: Run, phase: string): number => {
    assert.equal(run.status, 0, run.stderr);
    return eventsOf(run, 'progress').findLast((event) => event.phase === phase)?.tokensPerSecond ?? 0;
  };

  async function measure(name: string, model: string, rows: number) {
    const kit = createKit(
      { command: defaultTrainerCommand(), timeoutMs: 250_000 },
      { folder: folder.path(), model },
    );
    const lora = { rank: 16, alpha: 16, targetModules: ['q_proj', 'k_proj', 'v_proj', 'o_proj'] };
    const settings = { ...kit.sft('x').training, epochs: 1, batchSize: 8, maxLength: 96, lora };
    const data = makeDemonstrations(folder.at(`${name}.jsonl`), rows);
    const prompts = makePrompts(folder.at(`${name}-prompts.jsonl`), 64);
    const answers = { prompts, samples: 1, batchSize: 64, maxNewTokens: 48, maxPromptTokens: 120 };
    const sft = await kit.start({ ...kit.sft(`${name}-sft`), data, training: settings });
    const asked = await kit.start({
      ...kit.generate(`${name}-generate`),
      ...answers,
      decoding: { mode: 'sample', temperature: 20 },
    });
    return { training: rateIn(sft, 'train'), generating: rateIn(asked, 'generate') };
  }

  it('is off by less than three times over models of 1, 11 and 64 million weights', async () => {
    const models = [
      ['embedded', embeddedModelPath, 256],
      ['eleven', makeShape('eleven', shape(384, 6)), 64],
      ['sixty-four', makeShape('sixty-four', shape(768, 9)), 16],
    ] as const;
    const ratios: Record<'training' | 'generating', number[]> = { training: [], generating: [] };
    for (const [name, model, rows] of models) {
      const measured = await measure(name, model, rows);
      const resolved = resolveSweep();
      const { parameters } = await readModelSize(model);
      const context = { resolved: { ...resolved, model: { ...resolved.model, parameters } } };
      const { sft } = resolved.definition;
      ratios.training.push(measured.training / training(context, 1, sft, rates.sftTokensPerSecond).perSecond);
      ratios.generating.push(measured.generating / generating(context, 1, 1).perSecond);
    }
    for (const [what, found] of Object.entries(ratios)) {
      // How fast this machine is, is the same for all sizes.
      const spread = Math.max(...found) / Math.min(...found);
      assert.ok(
        spread < 3,
        `${what}: measured over expected rates ${found.map((one) => one.toFixed(2)).join(', ')}`,
      );
    }
  });
});
