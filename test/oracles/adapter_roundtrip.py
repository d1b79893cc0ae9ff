"""Checks that PEFT loads an adapter of the trainer and computes what `merge` does: `python test/oracles/adapter_roundtrip.py BASE ADAPTER MERGED`.

BASE is a model folder, ADAPTER the output of `budgetline-trainer sft` on it, MERGED the output of `merge` for both. Prints the
largest difference between the logits of base with adapter and merged model. Run by hand, with transformers 5.23.0 and peft 0.21.2.
"""

import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

base, adapter, merged = sys.argv[1:4]
tokenizer = AutoTokenizer.from_pretrained(base)
ids = tokenizer("Q: Gus has 17 eggs. Then eats 11 of them. How many?\nA:", return_tensors="pt").input_ids
with torch.no_grad():
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    before = plain(ids).logits
    adapted = PeftModel.from_pretrained(plain, adapter).eval()(ids).logits
    ours = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)(ids).logits
print("adapter changes logits by", (adapted - before).abs().max().item())
print("merged differs from adapter by", (adapted - ours).abs().max().item())
assert (adapted - before).abs().max() > 1e-4 and (adapted - ours).abs().max() < 1e-3
