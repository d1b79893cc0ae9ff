import { join } from 'node:path';
import { z } from 'zod';
import { loraSpec } from '../../schemas/training';
import { BudgetlineError } from '../../core/failures';
import type { LoraConfig } from '../settings';
import type { Tensor, Weights } from '../tensor';
import { hashFile, readJson, writeSynced } from './files';
import { requireFinite } from './finite';
import { encodeSafetensors, readSafetensors } from './safetensors';

const configFileName = 'adapter_config.json';
export const adapterWeightsFileName = 'adapter_model.safetensors';
const prefix = 'base_model.model.';
const suffix = '.weight';

export interface Adapter {
  readonly lora: LoraConfig;
  /** By the engine's names: "<module>.lora_A" [rank, in] and "<module>.lora_B" [out, rank]. */
  readonly tensors: Map<string, Tensor>;
}

const fileSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: loraSpec.shape.targetModules.unwrap(),
  lora_dropout: z.number().min(0).lt(1).optional(),
  use_rslora: z.boolean().optional(),
  use_dora: z.literal(false).optional(),
  fan_in_fan_out: z.literal(false).optional(),
  bias: z.literal('none').optional(),
  modules_to_save: z.null().optional(),
  rank_pattern: z.record(z.string(), z.never()).nullish(),
  alpha_pattern: z.record(z.string(), z.never()).nullish(),
});

/** adapter_config.json with PEFT's keys. The base is a digest, since a path would make the bytes depend on the host. */
function renderConfig(lora: LoraConfig, baseSha256: string): string {
  const config = {
    base_model_name_or_path: `sha256:${baseSha256}`,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout ?? 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: lora.rank,
    target_modules: [...lora.targetModules].sort(),
    task_type: 'CAUSAL_LM',
    use_rslora: lora.useRslora ?? false,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export interface SaveAdapterOptions {
  readonly lora: LoraConfig;
  readonly tensors: Weights;
  /** SHA-256 of the base model's weights. */
  readonly baseSha256: string;
}

/** Writes an adapter that `PeftModel.from_pretrained(base, folder)` loads. */
export function saveAdapter(folder: string, options: SaveAdapterOptions): void {
  const named = [...options.tensors].map(([name, tensor]) => [`${prefix}${name}${suffix}`, tensor] as const);
  writeSynced(join(folder, adapterWeightsFileName), encodeSafetensors(new Map(named)));
  writeSynced(join(folder, configFileName), [renderConfig(options.lora, options.baseSha256)]);
}

function refuse(path: string, field: string, why: string): never {
  throw new BudgetlineError('CONFIG_INVALID', `${path}: field "${field}" ${why}.`, {
    remedy: 'Use a plain LoRA adapter of the linear layers.',
    details: { path, field },
  });
}

function readShape(path: string): LoraConfig {
  const parsed = fileSchema.safeParse(readJson(path));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    refuse(path, issue?.path.join('.') ?? '', `is not supported (${issue?.message ?? 'malformed'})`);
  }
  const { r, lora_alpha, lora_dropout = 0, target_modules, use_rslora = false } = parsed.data;
  return {
    rank: r,
    alpha: lora_alpha,
    targetModules: target_modules,
    ...(lora_dropout > 0 ? { dropout: lora_dropout } : {}),
    ...(use_rslora ? { useRslora: true } : {}),
  };
}

function checkTensor(path: string, name: string, tensor: Tensor, rank: number): string {
  const inner = name.slice(prefix.length, -suffix.length);
  const factor = /\.lora_([AB])$/.exec(inner)?.[1];
  if (!name.startsWith(prefix) || !name.endsWith(suffix) || factor === undefined)
    refuse(path, name, 'is not a LoRA tensor of a linear layer');
  if (tensor.dims.length !== 2 || tensor.dims[factor === 'A' ? 0 : 1] !== rank)
    refuse(path, name, `is [${tensor.dims.join(', ')}], which does not fit rank ${rank}`);
  return inner;
}

/** Reads a PEFT LoRA folder. @throws CONFIG_INVALID naming the field or tensor, INPUT_MISSING. */
export function loadAdapter(folder: string): Adapter {
  const lora = readShape(join(folder, configFileName));
  const path = join(folder, adapterWeightsFileName);
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of readSafetensors(path).tensors)
    tensors.set(checkTensor(path, name, tensor, lora.rank), requireFinite(path, name, tensor));
  return { lora, tensors };
}

/** SHA-256 of the two files of an adapter. */
export async function digestAdapter(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of [configFileName, adapterWeightsFileName])
    digests[name] = await hashFile(join(folder, name));
  return digests;
}
