"""Loss and gradients of every preference loss, from TRL's own loss functions over Transformers and PEFT models.

    python test/oracles/preference_oracle.py

writes test/oracles/preference-losses.json. TRL's `_compute_loss` gets the model's log-probabilities and a trainer that
holds only the settings of the loss. TRL 1.16 ignores label_smoothing for "sigmoid", so that loss is computed here from the
formula; so are "entropy" and "mean_token_accuracy".
"""

import json
from collections import defaultdict
from types import SimpleNamespace

import torch
import torch.nn.functional as F
import trl
from peft import LoraConfig, get_peft_model
from trl.experimental.cpo import CPOTrainer

from llama_oracle import HERE, ROWS, TARGETS, VERSIONS, build, gradients, noise

BETA = 0.4
# The two answers of a pair differ in length, so that normalising by length matters.
PAIRS = [(0, 2), (1, 3)]
PAIR_REFERENCES = [(-27.6, -7.6), (-33.5, -9.4)]
LABELS = [True, False, True, False]
ROW_REFERENCES = [-31.0, -33.5, -7.2, -9.4]
# The row of each mismatched answer, and its reference log-probability: in one case z is above 0, in the other it is 0.
MISMATCHED = [1, 2, 3, 0]
MISMATCHED_REFERENCES = {"kto": [-35.5, -7.9, -9.0, -33.0], "kto at its floor": [-20.0, -2.0, -2.0, -20.0]}

LOSSES = {
    "sigmoid": {"name": "sigmoid", "beta": BETA},
    "sigmoid with label smoothing": {"name": "sigmoid", "beta": BETA, "labelSmoothing": 0.2},
    "robust": {"name": "robust", "beta": BETA, "labelSmoothing": 0.2},
    "hinge": {"name": "hinge", "beta": BETA},
    "ipo": {"name": "ipo", "beta": BETA},
    "sigmoid_norm": {"name": "sigmoid_norm", "beta": BETA},
    "simpo": {"name": "simpo", "beta": BETA, "gamma": 0.3},
    "sigmoid with SFT": {"name": "sigmoid", "beta": BETA, "sftWeight": 0.7},
    "kto": {"name": "kto", "beta": BETA, "desirableWeight": 1.3, "undesirableWeight": 0.8},
    "kto at its floor": {"name": "kto", "beta": BETA, "desirableWeight": 1.3, "undesirableWeight": 0.8},
}


def policy() -> tuple[torch.nn.Module, list]:
    """The grouped model with an adapter of non-zero weights, as in llama_oracle.py."""
    config = LoraConfig(r=3, lora_alpha=6, target_modules=TARGETS, task_type="CAUSAL_LM")
    model = get_peft_model(build("grouped"), config)
    named = {
        name.removeprefix("base_model.model.").removesuffix(".default.weight"): parameter
        for name, parameter in model.named_parameters()
        if "lora_" in name
    }
    with torch.no_grad():
        for k, (_, parameter) in enumerate(sorted(named.items())):
            parameter.copy_(noise(parameter.numel(), k, 0.2).reshape(parameter.shape))
    return model, sorted(named.items())


def forward(model: torch.nn.Module, indices: list[int]) -> SimpleNamespace:
    """The outputs of TRL's fused head on a right-padded batch: log-probability, entropy and rank of each label."""
    length = max(len(ROWS[i][0]) for i in indices)
    ids = torch.tensor([ROWS[i][0] + [0] * (length - len(ROWS[i][0])) for i in indices])
    mask = torch.tensor([[int(ROWS[i][1] <= at < len(ROWS[i][0])) for at in range(length)] for i in indices])
    attention = torch.tensor([[int(at < len(ROWS[i][0])) for at in range(length)] for i in indices])
    logprobs = torch.log_softmax(model(input_ids=ids, attention_mask=attention).logits[:, :-1].float(), -1)
    picked = logprobs.gather(-1, ids[:, 1:, None])[..., 0]
    return SimpleNamespace(
        ids=ids,
        mask=mask,
        attention=attention,
        log_probs=picked * mask[:, 1:],
        entropy=-(logprobs.exp() * logprobs).sum(-1),
        is_top1=logprobs.argmax(-1) == ids[:, 1:],
        mean_logits=torch.zeros_like(picked),
    )


def trainer(**settings) -> SimpleNamespace:
    accelerator = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
    return SimpleNamespace(
        model=SimpleNamespace(training=True),
        accelerator=accelerator,
        aux_loss_enabled=False,
        precompute_ref_logps=True,
        _metrics={"train": defaultdict(list)},
        _total_train_tokens=0,
        _tp_size=1,
        **settings,
    )


def inputs_of(out: SimpleNamespace, **more) -> dict:
    return {"input_ids": out.ids, "attention_mask": out.attention, "completion_mask": out.mask, **more}


def pair_loss(model: torch.nn.Module, loss: dict) -> tuple[torch.Tensor, dict]:
    out = forward(model, [chosen for chosen, _ in PAIRS] + [rejected for _, rejected in PAIRS])
    chosen, rejected = out.log_probs.sum(1).chunk(2)
    lengths = out.mask.sum(1).chunk(2)
    references = [torch.tensor(side) for side in zip(*PAIR_REFERENCES)]
    # SimPO is a loss of another trainer; here it needs only the metrics that DPO has too.
    types = ["sigmoid" if loss["name"] == "simpo" else loss["name"], *(["sft"] if "sftWeight" in loss else [])]
    fake = trainer(
        ld_alpha=None,
        beta=loss["beta"],
        f_divergence_type="reverse_kl",
        use_weighting=False,
        label_smoothing=loss.get("labelSmoothing", 0.0),
        loss_types=types,
        loss_weights=[1.0, loss.get("sftWeight", 0.0)][: len(types)],
    )
    batch = inputs_of(out, ref_chosen_logps=references[0], ref_rejected_logps=references[1])
    value = trl.DPOTrainer._compute_loss(fake, lambda **_: out, batch, False)
    metrics = {name: values[-1] for name, values in fake._metrics["train"].items() if name.split("/")[0] != "logits"}
    if loss["name"] == "sigmoid" and "labelSmoothing" in loss:
        margin = loss["beta"] * ((chosen - references[0]) - (rejected - references[1]))
        smoothing = loss["labelSmoothing"]
        value = (-(1 - smoothing) * F.logsigmoid(margin) - smoothing * F.logsigmoid(-margin)).mean()
    if loss["name"] == "simpo":
        cpo = SimpleNamespace(
            alpha=0.0, beta=loss["beta"], simpo_gamma=loss["gamma"], loss_type="simpo", label_smoothing=0.0, accelerator=fake.accelerator
        )
        losses, *rewards = CPOTrainer.cpo_loss(cpo, chosen / lengths[0], rejected / lengths[1])
        value = losses.mean()
        metrics |= {"rewards/chosen": rewards[0].mean().item(), "rewards/rejected": rewards[1].mean().item()}
        metrics |= {"rewards/margins": (rewards[0] - rewards[1]).mean().item(), "rewards/accuracies": (rewards[0] > rewards[1]).float().mean().item()}
    return value, metrics


def kto_loss(model: torch.nn.Module, loss: dict, mismatched_references: list[float]) -> tuple[torch.Tensor, dict]:
    out = forward(model, list(range(len(ROWS))))
    with torch.no_grad():
        mismatched = forward(model, MISMATCHED).log_probs.sum(1)
    fake = trainer(
        beta=loss["beta"],
        calculate_KL=True,
        loss_type="kto",
        desirable_weight=loss["desirableWeight"],
        undesirable_weight=loss["undesirableWeight"],
        _compute_kl_logps=lambda *_: mismatched,
    )
    batch = inputs_of(
        out,
        label=torch.tensor(LABELS),
        ref_logps=torch.tensor(ROW_REFERENCES),
        ref_KL_logps=torch.tensor(mismatched_references),
    )
    value = trl.KTOTrainer._compute_loss(fake, lambda **_: out, batch, False)
    metrics = {name: values[-1] for name, values in fake._metrics["train"].items() if name.split("/")[0] != "logits"}
    correct = (out.is_top1 & out.mask[:, 1:].bool()).sum()
    return value, metrics | {"mean_token_accuracy": (correct / out.mask.sum()).item()}


def main() -> None:
    torch.manual_seed(0)
    cases = {}
    for case, loss in LOSSES.items():
        model, named = policy()
        if loss["name"] == "kto":
            value, metrics = kto_loss(model, loss, MISMATCHED_REFERENCES[case])
        else:
            value, metrics = pair_loss(model, loss)
        value.backward()
        metrics.pop("num_tokens")
        cases[case] = {"loss": loss, "value": value.item(), "metrics": metrics, "gradients": gradients(named)}
    values = {
        "versions": VERSIONS | {"trl": trl.__version__},
        "pairs": PAIRS,
        "pairReferences": PAIR_REFERENCES,
        "labels": LABELS,
        "rowReferences": ROW_REFERENCES,
        "mismatched": MISMATCHED,
        "mismatchedReferences": MISMATCHED_REFERENCES,
        "cases": cases,
    }
    (HERE / "preference-losses.json").write_text(json.dumps(values, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
