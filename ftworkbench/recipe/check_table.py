"""The rules of thumb that a check of the data advises by."""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.recipe.declare import option


@dataclass(frozen=True, kw_only=True)
class Check:
    """The thresholds of what `check` advises; the defaults are those of the usual guides to fine-tuning.

    0 rows, or a share of 0, ask for nothing.
    """

    good_rows: int = option(
        500,
        help="Fewer rows than so many are told: fine-tuning wants that many good ones.",
        why="500 curated rows beat 50,000 noisy ones.",
        unit="rows",
        low=0,
    )
    few_shot_rows: int = option(
        100,
        help="Below so many rows, examples in the prompt are advised in place of training.",
        why="A few-shot prompt learns as much from so few, and costs no training.",
        unit="rows",
        low=0,
    )
    rows_of_two_labels: int = option(
        300,
        help="Rows that each label should have where there are two.",
        why="Two labels differ by little that can be seen in a few rows.",
        unit="rows",
        low=0,
    )
    rows_of_some_labels: int = option(
        200,
        help="Rows that each label should have where there are more than two, and fewer than many_labels.",
        unit="rows",
        low=0,
    )
    rows_of_many_labels: int = option(
        100,
        help="Rows that each label should have where there are many_labels or more.",
        why="What one label teaches helps to tell the others apart.",
        unit="rows",
        low=0,
    )
    many_labels: int = option(
        5,
        help="From so many labels on, rows_of_many_labels is asked of each.",
        unit="labels",
        low=3,
    )
    uneven: float = option(
        5.0,
        help="A label with more than so many times the rows of the usual one is told.",
        why="A model learns to say the label that it has seen most. The usual one is the median.",
        low=1,
    )
    reviewed: float = option(
        1.0,
        help="Share of the training rows that should be reviewed before training.",
        why="Less will do where a random sample of the rest came out clean.",
        low=0,
        high=1,
    )
