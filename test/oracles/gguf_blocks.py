"""Blocks of each quantised type, dequantised by the package gguf: `python test/oracles/gguf_blocks.py`.

Writes test/oracles/gguf-blocks.json: bytes of three blocks per type in base 64, and their elements. Made with gguf 0.19.0.
"""

import base64
import json
from pathlib import Path

import numpy
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

draw = numpy.random.default_rng(0)
values = (draw.standard_normal((3, 32)) * numpy.array([[1.0], [40.0], [0.001]])).astype(numpy.float32)
types = {}
for name in ("F16", "BF16", "Q4_0", "Q4_1", "Q8_0"):
    kind = GGMLQuantizationType[name]
    blocks = quantize(values, kind)
    elements = dequantize(blocks, kind).astype(numpy.float32)
    types[name] = {
        "type": int(kind),
        "bytes": base64.b64encode(blocks.tobytes()).decode(),
        "elements": [float(x) for x in elements.ravel()],
    }
(Path(__file__).parent / "gguf-blocks.json").write_text(json.dumps(types) + "\n")
