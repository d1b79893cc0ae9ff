"""What lm-eval's gsm8k (version 3) makes of some responses: writes gsm8k.json next to itself.

    python gsm8k_oracle.py FOLDER        the folder that holds the package lm_eval (0.4.13)

The filters and the metric are the package's own code; their settings are read from its gsm8k.yaml.
"""
import __future__
import ast
import json
import pathlib
import re
import sys
import types

import yaml

root = pathlib.Path(sys.argv[1]) / "lm_eval"
yaml.SafeLoader.add_multi_constructor("!", lambda loader, suffix, node: None)
config = yaml.safe_load((root / "tasks/gsm8k/gsm8k.yaml").read_text())


def load(path, names, scope):
    """Some definitions of a module, without what the module imports."""
    tree = ast.parse((root / path).read_text())
    tree.body = [n for n in tree.body if getattr(n, "name", None) in names]
    for node in tree.body:
        node.decorator_list = []
    exec(compile(tree, path, "exec", flags=__future__.annotations.compiler_flag), scope)
    return scope


import string

import numpy as np

scope = load("filters/extraction.py", {"RegexFilter"}, {"re": re, "Filter": object, "unicodedata": None, "string": string, "sys": sys, "__name__": "x"})
metric = load("api/metrics.py", {"exact_match_hf_evaluate"}, {"np": np, "re": re, "string": string})["exact_match_hf_evaluate"]
options = {k: v for k, v in config["metric_list"][0].items() if k in ("ignore_case", "ignore_punctuation", "regexes_to_ignore")}

REFERENCES = ["It is 1+1=<<1+1=2>>2.\n#### 2", "x\n#### 1,234", "#### -7", "#### 10.50", "#### 0"]
RESPONSES = [
    "#### 2", "####2", "#### 2.", "#### $2", "#### 2 eggs", "#### 02", "#### 3\n#### 2", "#### 2\n#### 3", "The answer is 2.", "The answer is $2.00",
    "", "none", "#### 1,234", "#### 1234", "1234", "$1,234.", "#### 1,234.00", "#### -7", "-7", "minus 7", "- 7", "it is -7.", "#### 10.50", "10.5", "$10.50.",
    "#### .", "...", "2...", "$", "#### ,", "a 2\n\nQuestion: b?\nAnswer: 3", "#### 2 #### 1,234", "2 or 1234 or -7 or 10.50 or 0", "#### 0", "0", "zero 0.", "２", "#### ２", "#### 2\u00a0", "10.50,", "#### 10.50.", "7-7",
]
cases = []
for filters in [{f["name"]: f["filter"][0] for f in config["filter_list"]}]:
    make = lambda f: scope["RegexFilter"](regex_pattern=f["regex_pattern"], group_select=f.get("group_select", 0))
    for reference in REFERENCES:
        for response in RESPONSES:
            verdicts = {}
            for name, key in (("strict-match", "strict"), ("flexible-extract", "flexible")):
                [[found]] = make(filters[name]).apply([[response]], [{}])
                verdicts[key] = bool(metric(predictions=[found], references=[reference], **options)["exact_match"])
            cases.append({"reference": reference, "response": response, **verdicts})
lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
pathlib.Path(__file__).with_name("gsm8k.json").write_text(f'{{"versions":{{"lm_eval":"0.4.13"}},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
print(len(cases), sum(c["strict"] for c in cases), sum(c["flexible"] for c in cases))
