"""Small tokenizers of the kinds that decoders use, and their ids of a thousand lines by Hugging Face's own library.

    python test/oracles/tokenizer_kinds.py

writes test/oracles/tokenizers: lines.json (text and code in many scripts), KIND/tokenizer.json and tokenizer_config.json
(trained on those lines), and ids.json with a short hash of each line's ids and of what they decode to, so that the file
stays small. Made with tokenizers 0.23.3.
"""

import hashlib
import json
import random
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).parent / "tokenizers"

WORDS = {
    "latin": "the quick brown fox isn't over-fed; l'été où naïve Zoë coöperates, Straße größer señor ¿qué? façade Łódź",
    "cyrillic": "Съешь же ещё этих мягких французских булок да выпей чаю ёжик Київ",
    "greek": "Ταχίστη αλώπηξ βαφής ψημένη γη δρασκελίζει υπέρ νωθρού κυνός",
    "chinese": "春眠不觉晓 处处闻啼鸟 夜来风雨声 花落知多少 人工智能 模型 训练 数据",
    "japanese": "いろはにほへと ちりぬるを ワカヨタレソ 常ならむ カタカナ 学習 東京タワー",
    "korean": "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다",
    "arabic": "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر",
    "hebrew": "דג סקרן שט בים מאוכזב ולפתע מצא חברה שָׁלוֹם",
    "hindi": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश",
    "thai": "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน",
    "symbols": "😀 👩‍👩‍👧‍👦 🇩🇪 ✨ → ≠ ∑ ½ ² № … “quoted” ‘single’ e\u0301 \u00a0 \u200d \ufeff ﬁ Å K",
    "numbers": "3.14159 1,234,567 2026-11-25 0xFF 1e-9 $99.95 42% 7th ١٢٣ ⅷ",
}
CODE = [
    "for (let i = 0; i < rows.length; i += 1) {",
    "  const total = rows.reduce((sum, { cost }) => sum + cost, 0);",
    "\tif (x == NULL) return -1; /* nothing */",
    "def mean(xs: list[float]) -> float:",
    "    return sum(xs) / len(xs)  # may raise",
    "SELECT id, count(*) FROM runs WHERE loss < 0.5 GROUP BY 1;",
    "<a href=\"https://example.org/?q=a&b=%20\">link</a>",
    "{\"a\": [1, 2.5, null, true], \"b\": \"\\u00e9\\n\"}",
    "fn main() { println!(\"{:?}\", vec![1u8; 4]); }",
    "$ ls -la | grep '^d' && echo \"done\"",
    "x^2 + y_1 \\le \\frac{a}{b} \\quad \\forall x",
    "HTTPServer2 camelCaseName snake_case_name __init__ I'll WE'VE don't",
]
GAPS = [" ", " ", " ", "  ", "\t", "\n", "\n\n", "   ", "\r\n", " \n ", "", ", ", ". "]


def make_line(draw: random.Random) -> str:
    if draw.random() < 0.3:
        return draw.choice(["", " ", "    "]) + draw.choice(CODE) + draw.choice(["", "\n", " "])
    words = [word for script in draw.sample(sorted(WORDS), draw.choice([1, 1, 2, 3])) for word in WORDS[script].split(" ")]
    picked = [draw.choice(words) for _ in range(draw.randint(1, 9))]
    return draw.choice(["", "", " ", "\n"]) + "".join(word + draw.choice(GAPS) for word in picked)


LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def byte_level(pre: list, specials: list[str], lines: list[str], normalizer=None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pre)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[AddedToken(special, special=True, normalized=False) for special in specials],
    )
    tokenizer.train_from_iterator(lines, trainer)
    return tokenizer


def split_then_bytes(pattern: str) -> list:
    return [
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


def llama3(lines: list[str]) -> Tokenizer:
    tokenizer = byte_level(split_then_bytes(LLAMA3), ["<|begin_of_text|>", "<|eot_id|>"], lines)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 0)]),
        ]
    )
    return tokenizer


def qwen2(lines: list[str]) -> Tokenizer:
    tokenizer = byte_level(split_then_bytes(QWEN2), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], lines, normalizers.NFC())
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def smollm2(lines: list[str]) -> Tokenizer:
    pre = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    return byte_level(pre, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], lines)


def sentencepiece(lines: list[str]) -> Tokenizer:
    """Byte-pair encoding with byte fallback: characters outside of the vocabulary are encoded as bytes."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        show_progress=False,
        limit_alphabet=120,
        special_tokens=["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))],
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁*[^▁\n]+|▁+|\n"), behavior="isolated")
    tokenizer.train_from_iterator(lines, trainer)
    # Trained on words, applied to whole texts, as SentencePiece does. Bytes are ordinary tokens there, also the line end.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["id"] < 3]
    state["pre_tokenizer"] = None
    state["model"]["merges"] = [pair for pair in state["model"]["merges"] if "\n" not in "".join(pair)]
    for piece in [piece for piece in state["model"]["vocab"] if "\n" in piece]:
        state["model"]["vocab"][f"<unused {piece.encode().hex()}>"] = state["model"]["vocab"].pop(piece)
    state["post_processor"] = json.loads(
        processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)]).__getstate__()
    )
    return Tokenizer.from_str(json.dumps(state))


def llama2(lines: list[str]) -> Tokenizer:
    tokenizer = sentencepiece(lines)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def metaspace(lines: list[str]) -> Tokenizer:
    tokenizer = sentencepiece(lines)
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


# kind: (tokenizer, tokenizer_config.json)
KINDS = {
    "llama3": (llama3, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    "qwen2": (qwen2, {"bos_token": None, "eos_token": "<|im_end|>", "add_bos_token": False}),
    "smollm2": (smollm2, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    "llama2": (llama2, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True}),
    "metaspace": (metaspace, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}),
}


def without_mark(text: str) -> str:
    """Without byte-order marks, which Hugging Face's JavaScript library drops when it decodes; no other difference is tolerated."""
    return text.replace("\ufeff", "")


def brief(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def write(kind: str, lines: list[str]) -> dict:
    build, config = KINDS[kind]
    folder = HERE / kind
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = build(lines)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    # Kinds that add a space before every text encode it after a line end, whose ids are removed.
    before = "\n" if kind in ("llama2", "metaspace") else ""
    skipped = len(tokenizer.encode(before, add_special_tokens=False).ids)
    behind = [tokenizer.encode(before + line, add_special_tokens=False).ids for line in lines]
    starts = [tokenizer.encode(line).ids for line in lines]
    return {
        "starts": [brief(ids) for ids in starts],
        "continuations": [brief(ids[skipped:]) for ids in behind],
        "decoded": [brief(without_mark(tokenizer.decode(ids)[len(before) :])) for ids in behind],
        "tokens": sum(map(len, starts)),
        "unknown": sum(ids.count(0) for ids in starts) if kind in ("llama2", "metaspace") else 0,
    }


def main() -> None:
    draw = random.Random(0)
    lines = [make_line(draw) for _ in range(1000)]
    lines[7:7] = [f"a<|eot_id|>b <|im_end|> c</s>d {line}" for line in lines[:5]]
    lines = lines[:1000]
    HERE.mkdir(exist_ok=True)
    (HERE / "lines.json").write_text(json.dumps(lines, ensure_ascii=False) + "\n")
    results = {kind: write(kind, lines) for kind in KINDS}
    (HERE / "ids.json").write_text(json.dumps({"version": tokenizers.__version__, "kinds": results}) + "\n")
    for kind, values in results.items():
        print(kind, values["tokens"], "tokens,", values["unknown"], "unknown")


if __name__ == "__main__":
    main()
