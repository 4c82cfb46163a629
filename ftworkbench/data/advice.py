"""What the rules of thumb for data say about a file: each with its threshold, the reason and the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median

from ftworkbench.data.problems import Advice
from ftworkbench.printable import one_line

# The thresholds are those of the usual guides to fine-tuning: 500 curated rows beat 50,000 noisy ones.
GOOD_ROWS = 500
FEW_SHOT_ROWS = 100
MANY_CLASSES = 5
ROWS_OF_MANY = 100
ROWS_OF_TWO = 300
ROWS_OF_SOME = 200
UNEVEN = 5
_NAMED = 6


def advise(kept: int, reviewed: int, total: int, sizes: Mapping[str, int]) -> Iterator[Advice]:
    """Advice for a file to train on: `kept` rows, `reviewed` of `total` rows, the size of each class."""
    if not kept:
        return
    yield from _row_count(kept)
    yield from _class_sizes(sizes)
    if total and reviewed < total:
        share = f"{reviewed * 100 // total}%"
        text = f"{reviewed} of {total} rows are reviewed ({share}): read the suspects first, then a random sample"
        yield Advice("unreviewed", text)


def _row_count(kept: int) -> Iterator[Advice]:
    if kept < FEW_SHOT_ROWS:
        few = "examples in the prompt (few-shot) do as well; try them first"
        text = f"{kept} rows are kept: below about {FEW_SHOT_ROWS}, {few}"
        yield Advice("few-rows", text)
    elif kept < GOOD_ROWS:
        wanted = f"{GOOD_ROWS} or more good ones is what fine-tuning wants"
        text = f"{kept} rows are kept: {wanted}; collect more like the weakest"
        yield Advice("few-rows", text)


def _class_sizes(sizes: Mapping[str, int]) -> Iterator[Advice]:
    if len(sizes) < 2:
        return
    wanted = ROWS_OF_TWO if len(sizes) == 2 else ROWS_OF_MANY if len(sizes) >= MANY_CLASSES else ROWS_OF_SOME
    below = Counter({label: size for label, size in sizes.items() if size < wanted}).most_common()[::-1]
    if below:
        text = (
            f"{len(below)} of {len(sizes)} labels have fewer than {wanted} rows ({_listed(below)}): "
            "collect more of these"
        )
        yield Advice("few-per-class", text)
    largest, usual = max(sizes.values()), median(sizes.values())
    if largest > UNEVEN * usual:
        label = max(sizes, key=lambda name: sizes[name])
        text = (
            f'"{one_line(label, 40)}" has {largest} rows, the usual label {usual:.0f}: '
            "drop some of its rows, or collect more of the others"
        )
        yield Advice("imbalance", text)


def _listed(below: list[tuple[str, int]]) -> str:
    named = ", ".join(f"{one_line(label, 30)} {size}" for label, size in below[:_NAMED])
    return f"{named}, \u2026" if len(below) > _NAMED else named
