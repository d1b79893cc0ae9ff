"""Learning rates of every schedule, from Transformers' own get_scheduler.

    python test/oracles/schedule_oracle.py

writes test/oracles/schedules.json: for each case the rates before the first update and after each one.
Schedules with a minimum are "cosine_with_min_lr" and "polynomial" of power 1; the one that holds the peak is
"warmup_stable_decay", with a minimum of 0, since another one would raise its warm-up too.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import get_scheduler

HERE = Path(__file__).parent
PEAK = 3e-4


def rates(name: str, warmup: int, steps: int, **specific) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    scheduler = get_scheduler(
        name,
        optimizer,
        num_warmup_steps=warmup,
        num_training_steps=steps,
        scheduler_specific_kwargs=specific or None,
    )
    named = [scheduler.get_last_lr()[0]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        named.append(scheduler.get_last_lr()[0])
    return named


def case(shape: str, name: str, warmup: int, steps: int, final: float = 0.0, hold: int | None = None, **specific) -> dict:
    options = {"shape": shape, "steps": steps, "warmupSteps": warmup, "minRatio": final}
    if hold is not None:
        options["holdUntil"] = hold
    return {"scheduler": name, "options": options, "rates": rates(name, warmup, steps, **specific)}


def cases() -> list[dict]:
    made = []
    for warmup, steps in [(1, 7), (5, 40), (11, 12)]:
        made += [
            case("cosine", "cosine", warmup, steps),
            case("linear", "linear", warmup, steps),
            case("constant", "constant_with_warmup", warmup, steps),
        ]
    made += [
        case("cosine", "cosine_with_min_lr", 4, 25, 0.1, min_lr_rate=0.1),
        case("linear", "polynomial", 4, 25, 0.1, lr_end=PEAK * 0.1, power=1.0),
        case("linear", "warmup_stable_decay", 3, 30, 0.0, 20, num_decay_steps=10, decay_type="linear"),
        case("linear", "warmup_stable_decay", 1, 30, 0.0, 1, num_decay_steps=29, decay_type="linear"),
    ]
    return made


if __name__ == "__main__":
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    content = {"versions": versions, "peak": PEAK, "cases": cases()}
    (HERE / "schedules.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")
