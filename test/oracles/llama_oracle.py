"""Values from PyTorch, Transformers and PEFT that the trainer's tests compare with.

    python test/oracles/llama_oracle.py

writes test/oracles/*.json. Weights and tokens follow from formulas (see `noise`), so only results are stored.
"""

import json
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = Path(__file__).parent
VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}

SHAPE = dict(
    vocab_size=29,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    rms_norm_eps=1e-5,
    max_position_embeddings=64,
    attention_dropout=0.0,
)
ROPE = dict(rope_type="default", rope_theta=10000.0)
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def noise(size: int, phase: int, amplitude: float, offset: float = 0.0) -> torch.Tensor:
    """Element i is offset + amplitude · u with u in [-1, 1) from a hash of i and phase in 32-bit integers."""

    def draw(i: int) -> float:
        x = ((i + 1) * 0x9E3779B1 ^ (phase + 1) * 0x85EBCA77) & 0xFFFFFFFF
        x = ((x ^ x >> 15) * 0x2C1B3C6D) & 0xFFFFFFFF
        x = ((x ^ x >> 12) * 0x297A2D39) & 0xFFFFFFFF
        return (x ^ x >> 15) / 2**31 - 1

    return torch.tensor([offset + amplitude * draw(i) for i in range(size)], dtype=torch.float32)


def fill(named: list[tuple[str, torch.nn.Parameter]]) -> None:
    """Tensor k in the order of the checkpoint has phase k; norms vary around 1."""
    with torch.no_grad():
        for k, (name, parameter) in enumerate(named):
            norm = name.endswith("norm.weight")
            values = noise(parameter.numel(), k, 0.1 if norm else 0.25, 1.0 if norm else 0.0)
            parameter.copy_(values.reshape(parameter.shape))


def order(name: str) -> tuple:
    """Embedding, then each layer (input norm, q, k, v, o, gate, up, down, second norm), final norm, head."""
    if name.startswith("model.embed"):
        return (0,)
    if ".layers." not in name:
        return (2, name != "model.norm.weight")
    layer, part = name.split(".layers.")[1].split(".", 1)
    parts = ["input_layernorm", *TARGETS, "post_attention_layernorm"]
    return (1, int(layer), next(i for i, p in enumerate(parts) if p in part), part.endswith("bias"))


def build(kind: str) -> torch.nn.Module:
    if kind == "tied":
        config = LlamaConfig(**SHAPE, num_attention_heads=4, num_key_value_heads=4, rope_parameters=ROPE, tie_word_embeddings=True)
        model = LlamaForCausalLM(config)
    else:
        config = Qwen2Config(**SHAPE, num_attention_heads=4, num_key_value_heads=2, rope_parameters=ROPE, tie_word_embeddings=False)
        model = Qwen2ForCausalLM(config)
    fill(sorted(model.named_parameters(), key=lambda item: order(item[0])))
    return model


def tokens(row: int, length: int) -> list[int]:
    return [(7 * row + 5 * i + i * i) % SHAPE["vocab_size"] for i in range(length)]


# (tokens, completion start) of each row
ROWS = [(tokens(0, 12), 4), (tokens(1, 9), 1), (tokens(2, 5), 3), (tokens(3, 12), 10)]
PAIRS = [(0, 1), (2, 3)]


def log_probabilities(model: torch.nn.Module, row: tuple[list[int], int]) -> torch.Tensor:
    ids, start = row
    logits = model(input_ids=torch.tensor([ids])).logits[0]
    targets = torch.tensor(ids[1:])
    picked = torch.log_softmax(logits[:-1].float(), -1).gather(1, targets[:, None])[:, 0]
    return picked[start - 1 :]


def language_model_loss(model: torch.nn.Module, rows: list) -> torch.Tensor:
    picked = torch.cat([log_probabilities(model, row) for row in rows])
    return -picked.sum() / picked.numel()


def digest(gradient: torch.Tensor) -> dict:
    """A gradient's norm, its product with noise, and its first elements."""
    flat = gradient.detach().flatten()
    return {
        "norm": flat.double().norm().item(),
        "along": (flat.double() * noise(flat.numel(), 1000, 1.0).double()).sum().item(),
        "first": flat[:4].tolist(),
    }


def gradients(named: list[tuple[str, torch.nn.Parameter]]) -> dict:
    return {name: digest(parameter.grad) for name, parameter in named if parameter.grad is not None}


def full(kind: str) -> dict:
    model = build(kind)
    loss = language_model_loss(model, ROWS)
    loss.backward()
    return {
        "loss": loss.item(),
        "logprobs": [log_probabilities(model, row).sum().item() for row in ROWS],
        "gradients": gradients(list(model.named_parameters())),
    }


def curve(kind: str) -> dict:
    model = build(kind)
    decayed = [p for n, p in model.named_parameters() if not n.endswith(("norm.weight", ".bias"))]
    plain = [p for n, p in model.named_parameters() if n.endswith(("norm.weight", ".bias"))]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-6)
    losses, norms = [], []
    for step in range(1, 51):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, step / 10)
        optimizer.zero_grad()
        loss = language_model_loss(model, ROWS)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "gradient_norms": norms}


def preference(kind: str) -> dict:
    """Sigmoid DPO on an adapter that is not zero, with made-up references."""
    model = get_peft_model(build(kind), LoraConfig(r=3, lora_alpha=6, target_modules=TARGETS, task_type="CAUSAL_LM"))
    # "base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight" → "model.layers.0.self_attn.q_proj.lora_A"
    named = {
        name.removeprefix("base_model.model.").removesuffix(".default.weight"): parameter
        for name, parameter in model.named_parameters()
        if "lora_" in name
    }
    with torch.no_grad():
        for k, (name, parameter) in enumerate(sorted(named.items())):
            parameter.copy_(noise(parameter.numel(), k, 0.2).reshape(parameter.shape))
    beta, terms = 0.5, []
    references = [[-30.0, -25.0], [-8.0, -9.5]]
    for (chosen, rejected), reference in zip(PAIRS, references):
        policy = [log_probabilities(model, ROWS[index]).sum() for index in (chosen, rejected)]
        terms.append((policy[0] - reference[0]) - (policy[1] - reference[1]))
    loss = -torch.nn.functional.logsigmoid(beta * torch.stack(terms)).mean()
    loss.backward()
    return {
        "beta": beta,
        "references": references,
        "loss": loss.item(),
        "margin": (beta * torch.stack(terms)).mean().item(),
        "gradients": gradients(sorted(named.items())),
    }


def main() -> None:
    torch.manual_seed(0)
    for kind in ("tied", "grouped"):
        values = {"versions": VERSIONS, "full": full(kind), "curve": curve(kind), "preference": preference(kind)}
        (HERE / f"{kind}.json").write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
