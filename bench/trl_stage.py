"""The benchmark's other side: one SFT or DPO stage with TRL and PEFT, generation, and the score of both sides' adapters.

usage: trl_stage.py sft|dpo|generate|judge|count SPEC.json

Prints one JSON line on standard output. `importSeconds` is the time from the start of this file to the end of the
imports; `stageSeconds` covers loading the model, preparing the data, the reference pass, training and saving.
"""

import time

started = time.perf_counter()

import contextlib
import json
import os
import resource
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("WANDB_DISABLED", "true")

import torch


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def load(spec):
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(spec["model"])
    dtype = torch.bfloat16 if spec.get("precision") == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(spec["model"], dtype=dtype)
    return model, tokenizer


def training_arguments(spec):
    training = spec["training"]
    micro = spec.get("microBatchSize") or training["batchSize"]
    return dict(
        output_dir=spec["outputDir"],
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=-(-training["batchSize"] // micro),
        num_train_epochs=training["epochs"],
        learning_rate=training["learningRate"],
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": training["minLearningRateRatio"]},
        warmup_steps=spec["warmupSteps"],
        weight_decay=training["weightDecay"],
        adam_beta1=training["beta1"],
        adam_beta2=training["beta2"],
        adam_epsilon=training["epsilon"],
        max_grad_norm=training["maxGradNorm"],
        max_length=training["maxLength"],
        bf16=spec.get("precision") == "bf16",
        fp16=False,
        use_cpu=spec.get("device", "cpu") == "cpu",
        gradient_checkpointing=spec.get("recompute", False),
        gradient_checkpointing_kwargs={"use_reentrant": False},
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=spec["seed"],
        # Group rows by length, to pad little.
        train_sampling_strategy="group_by_length",
        torch_compile=spec.get("compile", False),
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
    )


def adapter_config(spec):
    from peft import LoraConfig

    lora = spec["training"]["lora"]
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=0.0,
        target_modules=lora["targetModules"],
    )


def sft_trainer(spec, model, tokenizer, rows):
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    data = Dataset.from_list([{"prompt": row["prompt"], "completion": row["completion"]} for row in rows])
    args = SFTConfig(**training_arguments(spec), completion_only_loss=True)
    return SFTTrainer(
        model=model, args=args, train_dataset=data, processing_class=tokenizer, peft_config=adapter_config(spec)
    )


def dpo_trainer(spec, model, tokenizer, rows):
    from datasets import Dataset
    from transformers.trainer_pt_utils import LengthGroupedSampler
    from trl import DPOConfig, DPOTrainer

    length = lambda row: len(row["prompt"]) + max(len(row["chosen"]), len(row["rejected"]))
    # Sorted by length for the reference pass, which keeps the order of the rows.
    columns = ("prompt", "chosen", "rejected")
    data = Dataset.from_list([{key: row[key] for key in columns} for row in sorted(rows, key=length)])
    # One reference pass before training: for two epochs the faster of TRL's two ways.
    args = DPOConfig(**training_arguments(spec), beta=spec["beta"], precompute_ref_log_probs=True)
    trainer = DPOTrainer(
        model=model, args=args, train_dataset=data, processing_class=tokenizer, peft_config=adapter_config(spec)
    )
    # The trainer finds no length in pairs, and drops the columns that contain it.
    lengths = [length(row) for row in sorted(rows, key=length)]
    trainer._get_train_sampler = lambda dataset=None: LengthGroupedSampler(args.train_batch_size, lengths=lengths)
    return trainer


def step_clock():
    """A callback that notes when each optimiser step was done, the device included."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        seconds = []

        def on_step_end(self, args, state, control, **kwargs):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.seconds.append(time.perf_counter() - started)

    return Clock()


def run_stage(command, spec):
    import datasets, peft, transformers, trl  # noqa: F401  (their time counts as imports)

    transformers.utils.logging.set_verbosity_error()
    imported, imported_cpu = time.perf_counter(), time.process_time()
    model, tokenizer = load(spec)
    rows = read_rows(spec["data"])
    # TRL prints its progress on standard output; that is for the result alone.
    with contextlib.redirect_stdout(sys.stderr):
        trainer = (sft_trainer if command == "sft" else dpo_trainer)(spec, model, tokenizer, rows)
        clock = step_clock()
        trainer.add_callback(clock)
        prepared = time.perf_counter()
        trainer.train()
        trained = time.perf_counter()
        trainer.model.save_pretrained(spec["outputDir"])
    ended = time.perf_counter()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return {
        "importSeconds": imported - started,
        "prepareSeconds": prepared - imported,
        "trainSeconds": trained - prepared,
        "stageSeconds": ended - imported,
        "cpuSeconds": time.process_time(),
        "stageCpuSeconds": time.process_time() - imported_cpu,
        "steps": trainer.state.global_step,
        "stepSeconds": clock.seconds,
        "firstLoss": losses[0],
        "lastLoss": losses[-1],
        "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "allocatedDeviceBytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "trl": trl.__version__,
            "peft": peft.__version__,
        },
    }


def generate(spec):
    """Greedy continuations of every prompt, in batches of similar length, left-padded as Transformers needs."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    imported, imported_cpu = time.perf_counter(), time.process_time()
    model, tokenizer = load(spec)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    prompts = [row["prompt"] for row in read_rows(spec["prompts"])]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    completions, tokens = [""] * len(prompts), 0
    for start in range(0, len(order), spec["batchSize"]):
        places = order[start : start + spec["batchSize"]]
        batch = tokenizer([prompts[place] for place in places], add_special_tokens=False, padding=True, return_tensors="pt")
        with torch.inference_mode():
            made = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                do_sample=False,
                max_new_tokens=spec["maxNewTokens"],
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        for place, row in zip(places, made[:, batch["input_ids"].shape[1] :].tolist()):
            ids = row[: row.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in row else row
            completions[place] = tokenizer.decode(ids, skip_special_tokens=False)
            tokens += len(ids)
    return {
        "seconds": time.perf_counter() - imported,
        "cpuSeconds": time.process_time() - imported_cpu,
        "peakMemoryBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "tokens": tokens,
        "completions": completions,
    }


def completion_logprob(model, tokenizer, prompt, completion):
    prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    completion_ids = tokenizer(completion, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    ids = torch.tensor([prompt_ids + completion_ids])
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, :-1].float()
    scores = torch.log_softmax(logits, -1).gather(1, ids[0, 1:, None])[:, 0]
    return scores[len(prompt_ids) - 1 :].sum().item(), len(completion_ids), len(prompt_ids)


def judge(spec):
    """Held-out loss of an adapter of either side: token mean for SFT, DPO loss against the base for pairs."""
    from peft import PeftModel

    model, tokenizer = load(spec)
    model.eval()
    rows = read_rows(spec["heldOut"])
    pairs = "chosen" in rows[0]
    columns = ("chosen", "rejected") if pairs else ("completion",)
    score = lambda scored: [
        [completion_logprob(scored, tokenizer, row["prompt"], row[c]) for c in columns] for row in rows
    ]
    base = score(model) if pairs else []
    tuned = PeftModel.from_pretrained(model, spec["adapter"]).eval()
    policy = score(tuned)
    if not pairs:
        return {"heldOutLoss": -sum(p[0][0] for p in policy) / sum(p[0][1] for p in policy)}
    margins = [(p[0][0] - b[0][0]) - (p[1][0] - b[1][0]) for p, b in zip(policy, base)]
    losses = torch.nn.functional.softplus(-spec["beta"] * torch.tensor(margins))
    return {"heldOutLoss": losses.mean().item(), "accuracy": sum(m > 0 for m in margins) / len(margins)}


def count(spec):
    """Tokens of one epoch: prompt, completion and end of sequence; both sequences of a pair."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(spec["model"])
    length = lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])
    tokens = 0
    for row in read_rows(spec["data"]):
        for column in ("completion", "chosen", "rejected"):
            if column in row:
                tokens += length(row["prompt"]) + length(row[column]) + 1
    return {"tokens": tokens}


def main():
    command, path = sys.argv[1], sys.argv[2]
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    others = {"generate": generate, "judge": judge, "count": count}
    result = others[command](spec) if command in others else run_stage(command, spec)
    print(json.dumps(result), flush=True)


main()
