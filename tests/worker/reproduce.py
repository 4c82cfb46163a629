"""`python reproduce.py OUTPUTS BASELINE METRIC`: an evaluation's figures anew, from its outputs/*.jsonl alone."""

import json
import math
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path


def label(text: str) -> str:
    words = unicodedata.normalize("NFKC", text).casefold().split()
    return " ".join(filter(None, (word.strip(".,;:!?\"'`()[]{}“”‘’„«»…") for word in words)))


def number(text: str) -> float | None:
    found = re.findall(r"####\s*\$?\s*(-?\d[\d.,]*)", text)[:1] or re.findall(r"-?\$?\d[\d,]*(?:\.\d+)?", text)[-1:]
    return float(found[0].replace(",", "").replace("$", "").rstrip(".")) if found else None


def wilson(k: int, n: int, z: float = 1.959963984540054) -> list[float]:
    middle, reach = k + z * z / 2, z * math.sqrt(k * (n - k) / n + z * z / 4)
    return [(middle - reach) / (n + z * z), (middle + reach) / (n + z * z)]


def tango(b: int, c: int, n: int, side: int, z: float = 1.959963984540054) -> float:
    """The end of Tango's interval (Statistics in Medicine 1998) of b - c pairs of n; the upper one for side 1."""
    near, far = (b - c) / n, float(side)
    for _ in range(100):
        d = (near + far) / 2
        first, last = (2 * n - b + c) * d - b - c, -c * d * (1 - d)
        p = (math.sqrt(max(first**2 - 8 * n * last, 0)) - first) / (4 * n)
        inside = abs(b - c - n * d) < z * math.sqrt(max(n * (2 * p + d * (1 - d)), 0))
        near, far = (d, far) if inside else (near, d)
    return near


outputs, baseline, metric = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
read = number if metric == "number_match" else label
rights, figures = {}, {}
for name in (baseline, "tuned"):
    rows = [json.loads(line) for line in (outputs / f"test.{name}.jsonl").read_text("utf-8").splitlines()]
    pairs = [(read(row["reference"]), read(row["answer"])) for row in rows]
    rights[name] = [one == other for one, other in pairs]
    k, n, labels = sum(rights[name]), len(rows), {one for one, _ in pairs}
    f1 = [2 * pairs.count((x, x)) / sum((one == x) + (other == x) for one, other in pairs) for x in labels]
    table = Counter(f"{one} > {other if other in labels else '?'}" for one, other in pairs)
    figures[name] = {"value": k / n, "interval": wilson(k, n), "macro_f1": sum(f1) / len(f1), "confusions": table}
pairs = Counter(zip(rights[baseline], rights["tuned"], strict=True))
lost, gained = pairs[True, False], pairs[False, True]
tail = sum(math.comb(lost + gained, k) for k in range(min(lost, gained) + 1)) / 2 ** (lost + gained)
interval = [tango(gained, lost, n, side) for side in (-1, 1)]
found = {"systems": figures, "lost": lost, "gained": gained, "p_value": min(1.0, 2 * tail), "interval": interval}
print(json.dumps(found))
