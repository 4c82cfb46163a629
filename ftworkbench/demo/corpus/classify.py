"""Classification: one label for a message, or two or three fields of it as JSON, with and without examples."""

import json
from random import Random

from ftworkbench.demo.corpus.bank import Bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Metric, Pair, Task, from_pairs
from ftworkbench.demo.corpus.labels import (
    LEVEL_KEYS,
    TOPIC_KEYS,
    Label,
    any_word,
    distinct_names,
    in_line,
    in_lines,
    key_names,
)
from ftworkbench.demo.corpus.message import compose, topic_sentence
from ftworkbench.demo.corpus.schemes import (
    About,
    Manner,
    Written,
    about_kinds,
    about_topics,
    about_words,
    written_ranks,
    written_ways,
)

Scheme = About | Written
THINGS = (
    "message",
    "text",
    "note",
    "letter",
    "mail",
    "ticket",
    "request",
    "support ticket",
    "post",
    "comment",
    "remark",
    "support message",
    "line",
    "enquiry",
    "customer message",
    "report",
    "entry",
)
VERBS = (
    "Sort",
    "Route",
    "Classify",
    "Label",
    "Tag",
    "File",
    "Read and sort",
    "Assign",
    "Triage",
    "Judge",
    "Place",
    "Mark",
)
ONE_LABEL = (
    "{verb} the {thing}: {labels}.",
    "{verb} the {thing}. Labels: {labels}",
    "Which of these fits the {thing}? {labels}",
    "{verb} this {thing} as one of: {labels}. Answer with the label only.",
    "Choose one label for the {thing}.\n{lines}",
    "Answer with one of {labels}.",
    "What is the {key} of the {thing}? Choose from: {labels}",
    "{key}: {labels}",
    "{verb} the {thing} by {key}.\n{lines}\nReply with the label.",
    "Possible labels:\n{lines}\nWhich one is it?",
    "Pick the right {key} ({key}s: {labels}).",
    "You sort {thing}s. The {key} is one of\n{lines}",
    "One word, please: {labels}?",
    "Read the {thing} and say which {key} it belongs to: {labels}.",
)
ONE_LABEL_HELD_OUT = (
    "Decide on a {key} for the {thing}. The choices are {labels}.",
    "Give the {thing} its {key}: {labels}",
    "Select from the list below.\n{lines}\nSay nothing but the label.",
)
UNLISTED = (
    "{verb} the {thing}.",
    "Give the {key}.",
    "{verb} each {thing} as in the examples.",
    "",
    "Follow the examples.",
    "What is the {key}?",
    "Answer with the {key} only.",
    "Go on in the same way.",
)
FIELDS = (
    "{verb} the {thing}. Answer in JSON with the keys {keys}.\n{fields}",
    "{verb} the {thing}. Answer in JSON with the keys {keys}.\n{fields}",
    "{verb} this {thing} and reply with JSON only, keys {keys}.\n{fields}",
    "Give JSON with {keys}.\n{fields}",
    "Fill in {keys} for the {thing}, as a JSON object.\n{fields}",
    "You {lower} {thing}s. Your answer is one JSON object with the keys {keys}.\n{fields}",
    "{fields}\nAnswer in JSON with the keys {keys}.",
    "JSON keys: {keys}\n{fields}",
    "Return {{{quoted}}}, where\n{fields}",
    "For each {thing} write a JSON object ({keys}).\n{fields}",
)
FIELDS_HELD_OUT = (
    "Judge the {thing} by {keys} and write the result as JSON.\n{fields}",
    "A JSON object is wanted, its keys are {keys}.\n{fields}",
)


def _scheme(rng: Random, source: Bank, kind: str) -> Scheme:
    count = rng.choice((2, 3, 3, 4, 4, 5, 6, 6, 7, 8))
    if kind == "topics":
        return about_topics(rng, source, count)
    if kind == "words":
        return about_words(rng, source, count)
    if kind == "kinds":
        return about_kinds(rng, source, min(count, 5))
    if kind == "ranks":
        return written_ranks(rng, source)
    return written_ways(rng, source, min(count, 5))


def message(rng: Random, source: Bank, schemes: list[Scheme], places: list[int]) -> str:
    """A message that falls under the label at `places[i]` of each scheme i."""
    manner, sentences = Manner(), []
    for scheme, place in zip(schemes, places, strict=True):
        if isinstance(scheme, Written):
            manner = scheme.manner(place)
    for scheme, place in zip(schemes, places, strict=True):
        if isinstance(scheme, About):
            sentences += scheme.sentences(place, manner.asks)
    if not sentences:
        sentences = [topic_sentence(rng, source, rng.choice(source.topics), manner.asks)]
    if len(sentences) == 1 and " " not in sentences[0]:
        return sentences[0]
    return compose(rng, source, sentences, manner.attributes, rng.choice((0.05, 0.2, 0.4)))


def places_of(rng: Random, schemes: list[Scheme], count: int, shown: float = 0.0) -> list[list[int]]:
    """Which label each pair has in each field: early pairs show every label once, the last is any of those shown.

    Where the prompt reveals what the labels mean, the last is one of those shown in a share of `shown` only.
    """
    columns = []
    for scheme in schemes:
        size = len(scheme.labels)
        order = rng.sample(range(size), size)
        column = [order[place % size] if rng.random() < 0.85 else rng.randrange(size) for place in range(count - 1)]
        must = not scheme.revealed or rng.random() < shown
        columns.append([*column, rng.choice(column if column and must else range(size))])
    return [list(row) for row in zip(*columns, strict=True)]


def _is_listed(scheme: Scheme) -> bool:
    return isinstance(scheme, About) and scheme.listed


def _shots(rng: Random, schemes: list[Scheme], most: int) -> int:
    needed = max((len(scheme.labels) for scheme in schemes if not scheme.revealed), default=0)
    if needed:
        return min(most, needed + rng.randrange(0, 7))
    return rng.choice((0, 0, 0, 0, 1, 2, 3, 4, 6, 6, 8))


def one_label(rng: Random, source: Bank, most: int = 10, long: bool = False) -> Dialogue:
    """One label for a message, as a bare word or as JSON with one key."""
    kind = rng.choices(("topics", "words", "kinds", "ranks", "ways"), (40, 30, 10, 11, 9))[0]
    scheme = _scheme(rng, source, kind)
    labels = list(scheme.labels)
    shots = most if long else _shots(rng, [scheme], most)
    is_manner = isinstance(scheme, Written)
    (key,) = key_names(rng, source, (LEVEL_KEYS if is_manner else TOPIC_KEYS,))
    as_json = rng.random() < 0.25
    held_out = source.prompts == "held_out"
    listed = scheme.revealed or _is_listed(scheme) or rng.random() < 0.5
    if as_json:
        template = rng.choice(FIELDS_HELD_OUT if held_out else FIELDS)
        instruction = fields_text(rng, template, [key], [labels if listed else []])
    else:
        template = rng.choice((ONE_LABEL_HELD_OUT if held_out else ONE_LABEL) if listed else UNLISTED)
        instruction = filled(rng, template, key, _shuffled(rng, labels))

    def pair(place: int) -> Pair:
        text = message(rng, source, [scheme], [place])
        name = labels[place].name
        return text, json.dumps({key: name}) if as_json else name

    pairs = [pair(row[0]) for row in places_of(rng, [scheme], shots + 1)]
    metric: Metric = "json_match" if as_json else "exact_match"
    skill = "classify" if scheme.revealed else "learn from examples"
    return from_pairs(rng, Task(instruction, lambda: pairs[-1], skill, metric, 0.65), pairs)


def several_fields(rng: Random, source: Bank, most: int = 10, long: bool = False) -> Dialogue:
    """A JSON object of two or three fields: what a message is about, and how it is written."""
    kinds = [rng.choices(("topics", "words", "kinds"), (66, 28, 6))[0], rng.choices(("ranks", "ways"), (65, 35))[0]]
    if rng.random() < 0.08:
        kinds.append("words")
    pools = tuple(LEVEL_KEYS if kind in {"ranks", "ways"} else TOPIC_KEYS for kind in kinds)
    schemes = [_scheme(rng, source, kind) for kind in kinds]
    keys = key_names(rng, source, pools)
    if rng.random() < 0.2:
        order = rng.sample(range(len(kinds)), len(kinds))
        schemes, keys = [schemes[place] for place in order], [keys[place] for place in order]
    shots = most if long else _shots(rng, schemes, most)
    listed = [
        list(scheme.labels) if scheme.revealed or _is_listed(scheme) or rng.random() < 0.6 else [] for scheme in schemes
    ]
    template = rng.choice(FIELDS_HELD_OUT if source.prompts == "held_out" else FIELDS)
    instruction = fields_text(rng, template, keys, listed)

    def pair(places: list[int]) -> Pair:
        names = [scheme.labels[place].name for scheme, place in zip(schemes, places, strict=True)]
        return message(rng, source, schemes, places), json.dumps(dict(zip(keys, names, strict=True)))

    pairs = [pair(row) for row in places_of(rng, schemes, shots + 1)]
    return from_pairs(rng, Task(instruction, lambda: pairs[-1], "fields", "json_match", 0.8), pairs)


def lookup(rng: Random, source: Bank) -> Dialogue:
    """Reading a list of labels: which one a cue stands under, or the cues of one."""
    labels = [
        Label(name, tuple(any_word(rng, source) for _ in range(rng.randint(1, 4))))
        for name in distinct_names(rng, source, rng.randint(2, 7))
    ]
    shown = in_line(rng, labels) if rng.random() < 0.7 else "\n" + in_lines(rng, labels)
    held_out = source.prompts == "held_out"
    asked: tuple[str, ...]
    if rng.random() < 0.65:
        asked = (
            "Which label is {x} under?",
            "Where does {x} belong?",
            "{x}?",
            "Name the label of {x}.",
            "Who has {x}?",
            "Find the label for {x}.",
        )
    else:
        asked = ("What stands under {x}?", "The cues of {x}?", "List what {x} has.", "What goes with {x}?")
    template = asked[-1] if held_out else rng.choice(asked[:-1])
    by_cue = len(asked) > 4

    def pair() -> Pair:
        label = rng.choice(labels)
        if by_cue:
            return template.format(x=rng.choice(label.cues)), label.name
        return template.format(x=label.name), ", ".join(label.cues)

    pairs = [pair() for _ in range(rng.choice((1, 1, 2, 4)))]
    return from_pairs(rng, Task(shown.strip(), lambda: pairs[-1], "lookup", "exact_match", 0.5), pairs)


def _shuffled(rng: Random, labels: list[Label]) -> list[Label]:
    return rng.sample(labels, len(labels)) if rng.random() < 0.5 else labels


def filled(rng: Random, template: str, key: str, labels: list[Label]) -> str:
    """The instruction for one label."""
    verb = rng.choice(VERBS)
    return template.format(
        verb=verb,
        lower=verb.lower(),
        thing=rng.choice(THINGS),
        key=key,
        labels=in_line(rng, labels),
        lines=in_lines(rng, labels),
    )


def fields_text(rng: Random, template: str, keys: list[str], listed: list[list[Label]]) -> str:
    """The instruction for a JSON object; a key without labels is only named."""
    blocks = rng.random() < 0.15
    parts = []
    for key, labels in zip(keys, listed, strict=True):
        if labels and blocks:
            parts.append(f"{key}:\n{in_lines(rng, labels)}")
        elif labels:
            parts.append(f"{key}: {in_line(rng, labels)}")
    verb = rng.choice(VERBS)
    return template.format(
        verb=verb,
        lower=verb.lower(),
        thing=rng.choice(THINGS),
        keys=" and ".join(keys) if len(keys) < 3 else ", ".join(keys),
        fields="\n".join(parts),
        quoted=", ".join(f'"{key}": ...' for key in keys),
    ).strip()
