import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../core/failures';

/** A file of another format in place of a missing one, and how to convert it. */
interface Substitute {
  readonly pattern: RegExp;
  readonly remedy: (folder: string) => string;
}

const rewrite = (kind: string) => (folder: string) =>
  `Convert it with transformers: ${kind}.from_pretrained(F).save_pretrained(F), where F is ${folder}.`;
const ggufFile: Substitute = {
  pattern: /\.gguf$/,
  remedy: () => 'Set the model to the path of the GGUF file itself.',
};
const adapter: Substitute = {
  pattern: /^adapter_/,
  remedy: () => 'This is an adapter: set the model to its base, and the adapter to this folder.',
};

const substitutes: Readonly<Record<string, readonly Substitute[]>> = {
  'config.json': [adapter, ggufFile],
  'tokenizer.json': [{ pattern: /^(?:\w+\.model|vocab\.\w+)$/, remedy: rewrite('AutoTokenizer') }],
  'model.safetensors': [
    adapter,
    {
      pattern: /\.safetensors$/,
      remedy: () => 'Also download model.safetensors.index.json, which lists the shards.',
    },
    { pattern: /\.(?:bin|pth?)$/, remedy: rewrite('AutoModelForCausalLM') },
    ggufFile,
  ],
};

/** INPUT_MISSING for a file of a model folder. Names a file of another format, if there is one, and how to convert it. */
export function missingFile(folder: string, name: string): BudgetlineError {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    return new BudgetlineError('INPUT_MISSING', `There is no model folder ${folder}.`, {
      details: { path: folder },
    });
  const names = readdirSync(folder).sort();
  const found = (substitutes[name] ?? []).flatMap(({ pattern, remedy }) =>
    names.filter((other) => pattern.test(other)).map((other) => ({ other, remedy: remedy(folder) })),
  );
  const [first] = found;
  return new BudgetlineError(
    'INPUT_MISSING',
    `The model ${folder} has no ${name}${first === undefined ? '' : `, but ${first.other}`}.`,
    { details: { path: join(folder, name) }, remedy: first?.remedy },
  );
}
