"""What the rules of thumb for data say about a file: each with its threshold, the reason and the next step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median

from ftworkbench.data.problems import Advice
from ftworkbench.printable import one_line
from ftworkbench.recipe.check_table import Check

RULES = Check()
_NAMED = 6


def advise(kept: int, reviewed: int, total: int, sizes: Mapping[str, int], rules: Check = RULES) -> Iterator[Advice]:
    """Advice for a file to train on: `kept` rows, `reviewed` of `total` rows, the size of each class."""
    if not kept:
        return
    yield from _row_count(kept, rules)
    yield from _class_sizes(sizes, rules)
    yield from _review(reviewed, total, rules.reviewed)


def _row_count(kept: int, rules: Check) -> Iterator[Advice]:
    if kept < rules.few_shot_rows:
        few = "examples in the prompt (few-shot) do as well; try them first"
        text = f"{kept:,} rows are kept: below about {rules.few_shot_rows:,}, {few}"
        yield Advice("few-rows", text)
    elif kept < rules.good_rows:
        wanted = f"{rules.good_rows:,} or more good ones is what fine-tuning wants"
        text = f"{kept:,} rows are kept: {wanted}; collect more like the weakest"
        yield Advice("few-rows", text)


def rows_wanted(labels: int, rules: Check = RULES) -> int:
    """The rows that each of so many labels should have; 0 where there are no two to tell apart."""
    if labels < 2:
        return 0
    if labels == 2:
        return rules.rows_of_two_labels
    return rules.rows_of_many_labels if labels >= rules.many_labels else rules.rows_of_some_labels


def _class_sizes(sizes: Mapping[str, int], rules: Check) -> Iterator[Advice]:
    if len(sizes) < 2:
        return
    wanted = rows_wanted(len(sizes), rules)
    below = Counter({label: size for label, size in sizes.items() if size < wanted}).most_common()[::-1]
    if below:
        text = (
            f"{len(below)} of {len(sizes)} labels have fewer than {wanted:,} rows ({_listed(below)}): "
            "collect more of these"
        )
        yield Advice("few-per-class", text)
    largest, usual = max(sizes.values()), median(sizes.values())
    if largest > rules.uneven * usual:
        label = max(sizes, key=lambda name: sizes[name])
        text = (
            f'"{one_line(label, 40)}" has {largest:,} rows, more than {rules.uneven:g} times the {usual:,.0f} of the '
            "usual label: drop some of its rows, or collect more of the others"
        )
        yield Advice("imbalance", text)


def _review(reviewed: int, total: int, share: float) -> Iterator[Advice]:
    wanted = math.ceil(share * total - 1e-9)
    if reviewed >= wanted:
        return
    asked = "all should be" if wanted == total else f"{share:.0%} should be, {wanted:,} rows"
    text = (
        f"{reviewed:,} of {total:,} rows are reviewed ({reviewed * 100 // total}%), {asked}: "
        "read the suspects first, then a random sample"
    )
    yield Advice("unreviewed", text)


def _listed(below: list[tuple[str, int]]) -> str:
    named = ", ".join(f"{one_line(label, 30)} {size:,}" for label, size in below[:_NAMED])
    return f"{named}, \u2026" if len(below) > _NAMED else named
