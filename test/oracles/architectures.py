"""Small random checkpoints of every supported architecture, written by Transformers, and their logits.

    python test/oracles/architectures.py

writes test/oracles/architectures/KIND: config.json, one or several safetensors files, and logits.json of one sequence,
computed in f32 from the weights as they are stored. Made with torch 2.9.1 and transformers 5.23.0.
"""

import json
import shutil
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = Path(__file__).parent / "architectures"
SHAPE = dict(vocab_size=37, hidden_size=24, intermediate_size=40, num_hidden_layers=2, max_position_embeddings=128)
LENGTH = 48


def llama3(factor: float, theta: float, original: int) -> dict:
    """With head size 8, theta 100 and 64 positions, the pairs are unscaled, blended (two) and scaled."""
    return dict(
        rope_type="llama3",
        rope_theta=theta,
        factor=factor,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=original,
    )


def plain(theta: float) -> dict:
    return dict(rope_type="default", rope_theta=theta)


# kind: (class, configuration, type on disk, largest file)
KINDS = {
    "llama2": (
        LlamaForCausalLM,
        LlamaConfig(**SHAPE, num_attention_heads=4, num_key_value_heads=4, rms_norm_eps=1e-5, rope_parameters=plain(10000.0)),
        torch.float16,
        "6KB",
    ),
    "llama3": (
        LlamaForCausalLM,
        LlamaConfig(**SHAPE, num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5, rope_parameters=llama3(8.0, 500000.0, 16)),
        torch.bfloat16,
        "1GB",
    ),
    "llama3-small": (
        LlamaForCausalLM,
        LlamaConfig(
            **SHAPE,
            num_attention_heads=4,
            num_key_value_heads=1,
            head_dim=8,
            rms_norm_eps=1e-5,
            rope_parameters=llama3(32.0, 100.0, 64),
            tie_word_embeddings=True,
        ),
        torch.bfloat16,
        "1GB",
    ),
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config(**SHAPE, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-6, rope_parameters=plain(1000000.0)),
        torch.bfloat16,
        "8KB",
    ),
    "qwen2-small": (
        Qwen2ForCausalLM,
        Qwen2Config(
            **SHAPE,
            num_attention_heads=6,
            num_key_value_heads=1,
            rms_norm_eps=1e-6,
            rope_parameters=plain(1000000.0),
            tie_word_embeddings=True,
        ),
        torch.float16,
        "1GB",
    ),
    "smollm2": (
        LlamaForCausalLM,
        LlamaConfig(
            **SHAPE,
            num_attention_heads=6,
            num_key_value_heads=3,
            rms_norm_eps=1e-5,
            rope_parameters=plain(100000.0),
            tie_word_embeddings=True,
        ),
        torch.float32,
        "1GB",
    ),
}


def fill(model: torch.nn.Module, generator: torch.Generator) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.1 * values if name.endswith("norm.weight") else 0.2 * values)


def write(kind: str) -> None:
    build, config, dtype, largest = KINDS[kind]
    folder = HERE / kind
    shutil.rmtree(folder, ignore_errors=True)
    model = build(config)
    fill(model, torch.Generator().manual_seed(len(kind)))
    model.to(dtype).save_pretrained(folder, max_shard_size=largest)
    (folder / "generation_config.json").unlink(missing_ok=True)
    ids = [(5 * i + i * i) % SHAPE["vocab_size"] for i in range(LENGTH)]
    stored = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        logits = stored(torch.tensor([ids])).logits[0]
    values = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "ids": ids,
        "logits": [[float(f"{x:.7g}") for x in row] for row in logits.tolist()],
    }
    (folder / "logits.json").write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    for kind in KINDS:
        write(kind)
