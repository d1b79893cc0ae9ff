"""ROUGE of some texts by rouge-score 0.1.2: writes rouge.json next to itself. python rouge_oracle.py"""
import json
import pathlib
from rouge_score import rouge_scorer

TEXTS = ["", "the cat", "The cat sat on the mat.", "the mat sat on the cat", "A dog, a cat and a bird; a DOG!", "dog dog dog", "cat sat",
         "In 1998 the U.S. team won 3-1", "naïve café", "one two three four five six", "six five four three two one", "one three five two four six one"]
scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"])
cases = []
for reference in TEXTS:
    for candidate in TEXTS:
        scores = scorer.score(reference, candidate)
        cases.append({"reference": reference, "candidate": candidate, **{k: round(v.fmeasure, 12) for k, v in scores.items()}})
lines = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
pathlib.Path(__file__).with_name("rouge.json").write_text(f'{{"versions":{{"rouge-score":"0.1.2"}},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
