"""An adapter saved by PEFT, and its logits, for the trainer to reproduce.

    python test/oracles/peft_adapter.py

writes test/oracles/peft-adapter/: rsLoRA, with dropout, on three of seven modules of the grouped model of
llama_oracle.py.
"""

import json

import torch
from peft import LoraConfig, get_peft_model

from llama_oracle import HERE, ROWS, VERSIONS, build, noise

FOLDER = HERE / "peft-adapter"


def main() -> None:
    torch.manual_seed(0)
    config = LoraConfig(
        r=4,
        lora_alpha=6,
        lora_dropout=0.1,
        use_rslora=True,
        target_modules=["q_proj", "v_proj", "down_proj"],
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(build("grouped"), config)
    lora = sorted((name, p) for name, p in model.named_parameters() if "lora_" in name)
    with torch.no_grad():
        for k, (_, parameter) in enumerate(lora):
            parameter.copy_(noise(parameter.numel(), 300 + k, 0.3).reshape(parameter.shape))
        model.eval()
        logits = [model(input_ids=torch.tensor([ids])).logits[0].flatten().tolist() for ids, _ in ROWS[:2]]
    model.save_pretrained(FOLDER)
    (FOLDER / "README.md").unlink(missing_ok=True)
    (FOLDER / "logits.json").write_text(json.dumps({"versions": VERSIONS, "logits": logits}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
