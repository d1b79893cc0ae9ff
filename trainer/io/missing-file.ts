import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BudgetlineError } from '../../contracts/failures';

/** What other programs keep in place of a file that is read, and the way from one to the other. */
interface Substitute {
  readonly pattern: RegExp;
  readonly remedy: (folder: string) => string;
}

const rewrite = (kind: string) => (folder: string) =>
  `Write it anew with transformers: ${kind}.from_pretrained(F).save_pretrained(F), where F is ${folder}.`;
const ggufFile: Substitute = { pattern: /\.gguf$/, remedy: () => 'Name the GGUF file itself as the model.' };
const adapter: Substitute = {
  pattern: /^adapter_/,
  remedy: () => 'This is an adapter: name its base as the model, and this folder as the adapter.',
};

const substitutes: Readonly<Record<string, readonly Substitute[]>> = {
  'config.json': [adapter, ggufFile],
  'tokenizer.json': [{ pattern: /^(?:\w+\.model|vocab\.\w+)$/, remedy: rewrite('AutoTokenizer') }],
  'model.safetensors': [
    adapter,
    {
      pattern: /\.safetensors$/,
      remedy: () => 'Fetch model.safetensors.index.json too, which lists the files of a model in parts.',
    },
    { pattern: /\.(?:bin|pth?)$/, remedy: rewrite('AutoModelForCausalLM') },
    ggufFile,
  ],
};

/** INPUT_MISSING for a file that a model's folder lacks; what is there in its place is named, with what to do about it. */
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
    { details: { path: join(folder, name) }, ...(first === undefined ? {} : { remedy: first.remedy }) },
  );
}
