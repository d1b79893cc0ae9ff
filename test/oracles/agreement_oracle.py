"""Krippendorff's alpha (nominal) of some counts of labels by krippendorff 0.9.0: writes agreement.json next to itself. python agreement_oracle.py"""
import json
import pathlib
import krippendorff
import numpy

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units, missing values; the published value is .743.
PUBLISHED = [[3, 0, 0, 0, 0], [0, 3, 1, 0, 0], [0, 0, 4, 0, 0], [0, 0, 4, 0, 0], [0, 4, 0, 0, 0], [1, 1, 1, 1, 0],
             [0, 0, 0, 4, 0], [3, 1, 0, 0, 0], [0, 4, 0, 0, 0], [0, 0, 0, 0, 3], [2, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
draw = numpy.random.default_rng(1)


def draw_units(units, labels, raters, odds):
    """A unit has a preferred label; raters choose it with the given odds, or are missing."""
    rows = []
    for _ in range(units):
        shares = numpy.full(labels, (1 - odds) / (labels - 1))
        shares[draw.integers(labels)] = odds
        rows.append(draw.multinomial(draw.integers(1, raters + 1), shares).tolist())
    return rows


CASES = {"published": PUBLISHED, "two raters": draw_units(30, 2, 2, .8), "five raters, four labels": draw_units(40, 4, 5, .6),
         "chance": draw_units(200, 3, 3, 1 / 3), "opposed": [[1, 1], [1, 1], [1, 1]]}
cases = []
for name, counts in CASES.items():
    alpha = krippendorff.alpha(value_counts=numpy.array(counts), level_of_measurement="nominal")
    cases.append({"name": name, "counts": counts, "alpha": round(float(alpha), 12)})
lines = ",\n".join(json.dumps(c) for c in cases)
pathlib.Path(__file__).with_name("agreement.json").write_text(f'{{"versions":{{"krippendorff":"0.9.0","numpy":"{numpy.__version__}"}},"cases":[\n{lines}\n]}}\n', encoding="utf-8")
