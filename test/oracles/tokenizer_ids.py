"""Token ids of the embedded model's tokenizer by Hugging Face's own library: `python test/oracles/tokenizer_ids.py`.

Writes tokenizer-ids.json next to itself: texts with their ids and the text that the ids decode to.
Made with tokenizers 0.23.3.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer

here = Path(__file__).parent
tokenizer = Tokenizer.from_file(str(here.parent.parent / "models" / "tiny-math" / "tokenizer.json"))

texts = [
    "Q: Gus has 17 eggs. Then eats 11 of them. Then finds 4 more. How many?\nA:",
    " 17-11=6; 6+4=10 #### 10",
    "Q: Ida has 2 hats. Then triples them. Then doubles them. How many?\nWork: 2*3 is 6. 6*2 is 12. Answer 12",
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May.",
    "A:A: A:. Then. Thenx Then more  more",
    "tabs\tand\r\nreturns, caf\u00e9, \u20ac5 and \U0001d11e",
    " ",
    "",
    "".join(chr(code) for code in range(32, 127)),
]

rows = []
for text in texts:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    rows.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})

(here / "tokenizer-ids.json").write_text(json.dumps(rows, indent=1) + "\n")
