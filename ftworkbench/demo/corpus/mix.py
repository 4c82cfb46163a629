"""How much there is of each skill, and the regression suite that is made from the held-out side."""

from collections.abc import Callable
from random import Random

from ftworkbench.demo.corpus.arithmetic import arithmetic
from ftworkbench.demo.corpus.bank import Bank, bank
from ftworkbench.demo.corpus.chat import kinds, meanings, same_topic, talk, who_and_where
from ftworkbench.demo.corpus.classify import lookup, one_label, several_fields
from ftworkbench.demo.corpus.conventions import conventions
from ftworkbench.demo.corpus.dialogue import Dialogue
from ftworkbench.demo.corpus.extract import extraction, json_records, quoted_field
from ftworkbench.demo.corpus.strings import strings

Skill = Callable[[Random, Bank], Dialogue]


def many_examples(rng: Random, source: Bank) -> Dialogue:
    """Classification after as many examples as the context takes."""
    make = rng.choice((one_label, several_fields))
    return make(rng, source, rng.randint(8, 20), True)


MIX: tuple[tuple[Skill, float], ...] = (
    (one_label, 22),
    (several_fields, 17),
    (many_examples, 1.5),
    (conventions, 40),
    (lookup, 8),
    (extraction, 11),
    (quoted_field, 2),
    (json_records, 12),
    (strings, 27),
    (arithmetic, 17),
    (meanings, 4),
    (kinds, 5),
    (same_topic, 3),
    (talk, 1.5),
    (who_and_where, 1),
)
SKILLS, WEIGHTS = zip(*MIX, strict=True)

GENERAL_SEED = 20_260
GENERAL_ROWS = {
    "classify": 20,
    "lookup": 6,
    "learn from examples": 10,
    "fields": 14,
    "json": 16,
    "extract": 16,
    "sort": 10,
    "reverse": 6,
    "copy": 10,
    "case": 8,
    "pick": 8,
    "count": 6,
    "arithmetic": 14,
    "meaning": 6,
}
LONGEST_GENERAL = 1600
"""Characters in all turns of one row of the suite."""


def dialogue(rng: Random, source: Bank) -> Dialogue:
    """One dialogue, its skill drawn by the mix."""
    make: Skill = rng.choices(SKILLS, WEIGHTS)[0]
    return make(rng, source)


def general_suite(seed: int = GENERAL_SEED) -> list[Dialogue]:
    """The held-out general skills, so many rows of each, in an order that the seed gives.

    Words and sentences are all held out, and so is the wording of the instruction in every third row of a skill.
    """
    rng = Random(seed)
    known, new = bank("held_out", "seen"), bank("held_out")
    wanted = dict(GENERAL_ROWS)
    rows: list[Dialogue] = []
    prompts: set[tuple[tuple[str, str], ...]] = set()
    while any(wanted.values()):
        wording = rng.choice((known, new))
        row = dialogue(rng, wording)
        if (wanted.get(row.skill, 0) % 3 == 0) != (wording is new):
            continue
        size = sum(len(text) for _, text in row.turns)
        if wanted.get(row.skill, 0) and size <= LONGEST_GENERAL and row.turns not in prompts:
            wanted[row.skill] -= 1
            prompts.add(row.turns)
            rows.append(row)
    return rows
