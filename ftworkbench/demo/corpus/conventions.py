"""Conventions of a house that only examples show: which label a subject line, a menu's entry or a tag stands for."""

import json
from collections.abc import Callable
from functools import partial
from random import Random

from ftworkbench.demo.corpus.bank import Bank
from ftworkbench.demo.corpus.classify import (
    FIELDS,
    FIELDS_HELD_OUT,
    ONE_LABEL,
    ONE_LABEL_HELD_OUT,
    UNLISTED,
    Scheme,
    fields_text,
    filled,
    message,
    places_of,
)
from ftworkbench.demo.corpus.dialogue import Dialogue, Metric, Pair, Task, from_pairs
from ftworkbench.demo.corpus.labels import LEVEL_KEYS, TOPIC_KEYS, Label, any_word, key_names
from ftworkbench.demo.corpus.message import topic_sentence
from ftworkbench.demo.corpus.schemes import (
    WORD_STATEMENTS,
    About,
    about_topics,
    about_words,
    written_house,
    written_ranks,
    written_ways,
)

HEADS = (
    "Subject", "Re", "Form", "Via", "Menu", "Source", "Page", "Sent from", "Title", "Heading", "Chosen", "Matter",
    "From", "Box", "Fwd", "Picked", "Tab", "Clicked", "Entry", "Link", "Item", "Started at", "Channel", "Ref",
)  # fmt: skip
TAGS = (
    "{a}", "{a}", "{a} {b}", "{a} {b}", "{a} and {b}", "my {a}", "your {a}", "the {a}", "on the {a}", "{a} to {b}",
    "{a} of the {b}", "in {a}", "all about {a}", "{a}, {b}", "{a} or {b}", "first {a}", "{a} for {b}", "with {a}",
)  # fmt: skip
COUNTS = (2, 3, 4, 5, 5, 6, 6, 6)
MOST_SHOTS = 9
BRIEF = 0.2
"""How often a message is hardly more than its tag."""


def conventions(rng: Random, source: Bank) -> Dialogue:
    """Messages with a tag of the house's own; earlier turns show which label each tag stands for.

    What the rest of a message says agrees with its label, or says nothing about it. There may be a second field,
    for the manner in which it is written.
    """
    about = (about_topics if rng.random() < 0.75 else about_words)(rng, source, rng.choice(COUNTS))
    schemes: list[Scheme] = [about]
    brief = rng.random() < BRIEF
    if not brief and rng.random() < 0.7:
        schemes.append(rng.choice((written_ranks, written_ranks, written_ways, written_house))(rng, source))
    as_json = len(schemes) > 1 or rng.random() < 0.4
    keys = key_names(rng, source, (TOPIC_KEYS, LEVEL_KEYS)[: len(schemes)])
    instruction = _instruction(rng, source, schemes, keys, as_json)
    tags, says_nothing = _tags(rng, source, len(about.labels)), rng.choice((0.1, 0.4, 1.0))

    def labelled(places: list[int]) -> str:
        names = [scheme.labels[place].name for scheme, place in zip(schemes, places, strict=True)]
        return json.dumps(dict(zip(keys, names, strict=True))) if as_json else names[0]

    def pair(places: list[int]) -> Pair:
        put = tags(places[0])
        if put and brief:
            return put(f"{any_word(rng, source)} {any_word(rng, source)}"), labelled(places)
        silent = put is not None and rng.random() < says_nothing
        said = message(rng, source, [_anything(rng, source, about) if silent else about, *schemes[1:]], places)
        return put(said) if put else said, labelled(places)

    shots = min(MOST_SHOTS, max(1, len(about.labels) + rng.randrange(-2, 5)))
    pairs = [pair(row) for row in places_of(rng, schemes, shots + 1, shown=0.9)]
    metric: Metric = "json_match" if as_json else "exact_match"
    return from_pairs(rng, Task(instruction, lambda: pairs[-1], "conventions", metric, 0.85), pairs)


def _anything(rng: Random, source: Bank, about: About) -> About:
    """The same labels for messages whose sentences have nothing to do with them."""
    return About(about.labels, lambda _, asks: [topic_sentence(rng, source, rng.choice(source.topics), asks)])


def tag(rng: Random, source: Bank) -> str:
    """A few words such as stand in a subject line or in a menu."""
    return rng.choice(TAGS).format(a=any_word(rng, source), b=any_word(rng, source))


def _tags(rng: Random, source: Bank, labels: int) -> Callable[[int], Callable[[str], str] | None]:
    """For a label's place what puts a tag of the label on a message, or None: now and then there is none."""
    each = 1 if rng.random() < 0.75 else 2
    drawn: dict[str, None] = {}
    while len(drawn) < labels * each:
        drawn[tag(rng, source)] = None
    found = [text[0].upper() + text[1:] for text in drawn] if rng.random() < 0.6 else list(drawn)
    form, share = _form(rng, source), rng.choice((0.7, 0.85, 1.0))

    def of(place: int) -> Callable[[str], str] | None:
        text = found[place + labels * rng.randrange(each)]
        return partial(form, text) if rng.random() < share else None

    return of


def _form(rng: Random, source: Bank) -> Callable[[str, str], str]:
    """One way to put a tag on a message, such as a line on top, brackets, or a sentence."""
    head = rng.choice(HEADS) if rng.random() < 0.6 else any_word(rng, source).capitalize()
    form = rng.choice(
        (
            f"{head}: @\n*",
            f"{head}: @\n*",
            f"{head}: @\n\n*",
            "[@] *",
            "@: *",
            "@ - *",
            "@\n*",
            "* (@)",
            f"*\n{head}: @",
            "#@ *",
            f"({head} @) *",
            "",
        )
    )

    def put(text: str, rest: str) -> str:
        if not form:
            said = rng.choice(WORD_STATEMENTS).replace("@", text)
            return f"{said} {rest}" if rng.random() < 0.7 else f"{rest} {said}"
        return form.replace("*", rest.replace("@", " ")).replace("@", text)

    return put


def _instruction(rng: Random, source: Bank, schemes: list[Scheme], keys: list[str], as_json: bool) -> str:
    held_out = source.prompts == "held_out"
    shown = [list(scheme.labels) for scheme in schemes]
    bare = rng.random()
    if bare < 0.35:
        shown = [[Label(label.name) for label in labels] for labels in shown]
    if as_json:
        listed = [labels if rng.random() < 0.9 else [] for labels in shown]
        return fields_text(rng, rng.choice(FIELDS_HELD_OUT if held_out else FIELDS), keys, listed)
    templates = UNLISTED if bare > 0.85 else (ONE_LABEL_HELD_OUT if held_out else ONE_LABEL)
    return filled(rng, rng.choice(templates), keys[0], shown[0])
