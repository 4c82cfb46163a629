"""Sets of labels that a message can be sorted by: what it is about, and in what manner it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ftworkbench.demo.corpus.bank import Attribute, Bank, Topic, bank
from ftworkbench.demo.corpus.labels import (
    LEVEL_SETS,
    OTHER_CUES,
    OTHER_NAMES,
    Label,
    any_word,
    cased,
    distinct_names,
)
from ftworkbench.demo.corpus.message import second_thought, topic_sentence

Sentences = Callable[[int, bool | None], list[str]]
OTHERS_FROM = 3
MERGED = 0.35
HIDDEN = 0.4
"""How often the cues tell of a label's first topic only, and examples of the second."""


@dataclass(frozen=True)
class Manner:
    """How a message is to be written; `asks` says whether it is a question (None: either)."""

    attributes: tuple[Attribute, ...] = ()
    asks: bool | None = None


@dataclass(frozen=True)
class About:
    """Labels by content: `sentences(i, asks)` draws what a message under label i says."""

    labels: tuple[Label, ...]
    sentences: Sentences
    revealed: bool = True
    """Whether the prompt alone gives the labels' meaning; otherwise only examples do."""
    listed: bool = False
    """Whether the prompt names the labels even where it does not reveal them all."""


@dataclass(frozen=True)
class Written:
    """Labels by manner: `manner(i)` draws how a message under label i is written."""

    labels: tuple[Label, ...]
    manner: Callable[[int], Manner]
    revealed: bool = True


def some(rng: Random, pool: tuple[str, ...], least: int, most: int) -> tuple[str, ...]:
    """Between `least` and `most` different members of the pool, in any order."""
    return tuple(rng.sample(pool, min(len(pool), rng.randint(least, most))))


def about_topics(rng: Random, source: Bank, count: int) -> About:
    """Labels that are topics, or two topics in one; named naturally or not, with cues, some cues, or none."""
    groups: dict[str, list[Topic]] = {}
    for topic in rng.sample(source.topics, min(len(source.topics), count * 3)):
        clear = rng.random() < 0.9
        groups.setdefault(topic.group if clear else topic.name, []).append(topic)
    mine = [tuple(found[:1]) for found in groups.values()]
    count = min(count, len(mine))
    spare = mine[count:]
    mine = mine[:count]
    natural, cueing = rng.random() < 0.45, rng.random()
    cued = cueing < 0.7
    if cued or not natural:
        mine = [(*one, *spare.pop()) if spare and rng.random() < MERGED else one for one in mine]
    names = cased(rng, [rng.choice(one[0].names) for one in mine])
    if not natural or len(set(names)) < count:
        names = distinct_names(rng, source, count)
    hidden = cued and rng.random() < HIDDEN
    labels = [
        Label(name, _topic_cues(rng, source, one[:1] if hidden else one) if cued else ())
        for name, one in zip(names, mine, strict=True)
    ]
    if len(labels) >= OTHERS_FROM and spare and rng.random() < 0.12:
        labels[-1] = Label(rng.choice(OTHER_NAMES), (rng.choice(OTHER_CUES),) if cued else ())
        mine[-1] = tuple(topic for one in spare for topic in one)
    stray = rng.random() < 0.25

    def sentences(place: int, asks: bool | None) -> list[str]:
        topic = rng.choice(mine[place])
        found = [topic_sentence(rng, source, topic, asks)]
        if rng.random() < 0.12:
            found.append(topic_sentence(rng, source, topic, asks))
        if stray and asks is not True and rng.random() < 0.4:
            found.append(second_thought(rng, source, rng.choice(mine[rng.randrange(count)])))
        return found

    return About(tuple(labels), sentences, (cued or natural) and not hidden, cued)


def _topic_cues(rng: Random, source: Bank, topics: tuple[Topic, ...]) -> tuple[str, ...]:
    cues: list[str] = []
    for topic in topics:
        for cue in some(rng, topic.cues + topic.names, 1 if len(topics) > 1 else 2, 5 - len(topics)):
            others = source.synonyms_of.get(cue, ())
            cues.append(rng.choice(others) if others and rng.random() < 0.25 else cue)
    return tuple(dict.fromkeys(cues))


WORD_STATEMENTS = (
    "It is about the @.", "I am writing about the @.", "The @ is what I mean.", "There is something with the @.",
    "We talked about a @ all day.", "My @ is not as it should be.", "Somebody told me about the @.",
    "I saw the @ yesterday.", "It has to do with @.", "The word @ came up.", "They want another @ now.",
    "I can't find the @.", "The @ was there and then it was gone.", "Everything here is @ again.",
    "First came the @, then nothing.", "You said @ on the phone.", "I think of @ when I see it.",
)  # fmt: skip
WORD_QUESTIONS = (
    "Where is the @?", "Do you know anything about a @?", "What about the @?", "How much is the @?", "Is it @ or not?",
    "Who has the @?", "Why is there a @?", "When do I get the @?", "Which @ do you mean?", "Can I have the @?",
)  # fmt: skip


def word_sentence(rng: Random, word: str, asks: bool | None) -> str:
    """A sentence that says no more than that a word is in it."""
    if asks is None:
        asks = rng.random() < 0.3
    return rng.choice(WORD_QUESTIONS if asks else WORD_STATEMENTS).replace("@", word)


def about_words(rng: Random, source: Bank, count: int) -> About:
    """Labels whose cues are any words at all; a message has one of them, an inflection, or a synonym."""
    by_meaning = rng.random() < 0.4
    if by_meaning:
        groups = [some(rng, group, 3, 6) for group in rng.sample(source.synonyms, count)]
        cues = [group[: max(1, len(group) - 1 - rng.randrange(2))] for group in groups]
    else:
        words = list({any_word(rng, source): None for _ in range(count * 6)})
        groups = [tuple(words[place::count][: rng.randint(1, 4)]) for place in range(count)]
        cues = groups
    cued = rng.random() < 0.75
    bare = rng.random() < 0.25
    labels = [
        Label(name, named if cued else ()) for name, named in zip(distinct_names(rng, source, count), cues, strict=True)
    ]

    def sentences(place: int, asks: bool | None) -> list[str]:
        word = rng.choice(groups[place])
        if not by_meaning and rng.random() < 0.2:
            word += rng.choice(("s", "ed", "ing"))
        if bare and asks is None:
            return [word]
        found = [word_sentence(rng, word, asks)]
        if rng.random() < 0.4:
            found.insert(rng.randrange(2), topic_sentence(rng, source, rng.choice(source.topics), asks))
        return found

    return About(tuple(labels), sentences, cued)


def about_kinds(rng: Random, source: Bank, count: int) -> About:
    """Labels that are kinds of things (a fruit, a tool); a message names a thing that the prompt does not."""
    known = bank("seen").kinds
    kinds = rng.sample(list(known), count)
    natural = rng.random() < 0.5
    names = cased(rng, kinds) if natural else distinct_names(rng, source, count)
    cueing = rng.random()
    cues: list[tuple[str, ...]] = [() for _ in kinds]
    shown = [some(rng, known[kind], 1, 3) for kind in kinds]
    if cueing < 0.5:
        cues = shown
    elif cueing < 0.7 and not natural:
        cues = [(kind,) for kind in kinds]
    bare = rng.random() < 0.4

    def sentences(place: int, asks: bool | None) -> list[str]:
        unseen = [word for word in known[kinds[place]] if word not in cues[place]]
        word = rng.choice(unseen)
        return [word if bare and asks is None else word_sentence(rng, word, asks)]

    labels = tuple(Label(name, cue) for name, cue in zip(names, cues, strict=True))
    return About(labels, sentences, natural or any(cues))


def written_ranks(rng: Random, source: Bank) -> Written:
    """Two or three labels in order of weight, as in minor, medium, major: the weightiest sign decides."""
    names = cased(rng, list(rng.choice(LEVEL_SETS)))
    if rng.random() < 0.3:
        names = distinct_names(rng, source, 3)
    by_rank = [[one for one in source.attributes.values() if one.rank == rank] for rank in range(3)]
    chosen = [rng.sample(found, rng.randint(1, min(4, len(found)))) for found in by_rank]
    if source.attributes["plain"] not in chosen[1]:
        chosen[1] = [source.attributes["plain"], *chosen[1][:2]]
    cued = rng.random() < 0.75
    spread = rng.random() < 0.3
    labels = []
    for name, mine in zip(names, chosen, strict=True):
        cues = tuple(rng.choice(one.cues) for one in mine)
        labels.append(Label(name, tuple(dict.fromkeys(cues)) if cued else ()))
    order = rng.choice(((0, 1, 2), (2, 1, 0), (0, 1, 2), (1, 0, 2)))
    polite = source.attributes["polite"]

    def manner(place: int) -> Manner:
        rank = order[place]
        pool = by_rank[rank] if spread and rng.random() < 0.5 else chosen[rank]
        attribute = rng.choice(pool)
        attributes = [attribute]
        if attribute.name in {"question", "plain"} and rng.random() < 0.65:
            attributes = []
        if rank and rng.random() < 0.15:
            attributes.append(rng.choice(chosen[rng.randrange(rank)]))
        elif rng.random() < 0.1:
            attributes.append(polite)
        asks = {"question": True, "plain": False}.get(attribute.name)
        if asks is None and rank:
            asks = rank > 1 and rng.random() < 0.25
        return Manner(tuple(attributes), asks)

    return Written(tuple(labels[rank] for rank in order), manner, cued)


def written_ways(rng: Random, source: Bank, count: int = 3) -> Written:
    """Labels for ways of writing in no order, as in angry, polite, question; each message has one of them."""
    mine = rng.sample(list(source.attributes.values()), count)
    natural = rng.random() < 0.4
    names = [rng.choice(one.cues) for one in mine] if natural else distinct_names(rng, source, count)
    cued = rng.random() < 0.75
    labels = tuple(
        Label(name, some(rng, one.cues, 1, 3) if cued else ()) for name, one in zip(names, mine, strict=True)
    )

    def manner(place: int) -> Manner:
        attribute = mine[place]
        asks = True if attribute.name == "question" else None
        if attribute.name == "plain":
            return Manner((attribute,) if rng.random() < 0.4 else (), False)
        return Manner((attribute,), asks if asks or rng.random() < 0.2 else False)

    return Written(labels, manner, cued or natural)


def written_house(rng: Random, source: Bank) -> Written:
    """Three labels for ways of writing as a house sees them: the prompt tells of some at most, examples of all."""
    names = cased(rng, list(rng.choice(LEVEL_SETS))) if rng.random() < 0.5 else distinct_names(rng, source, 3)
    ways = rng.sample([one for one in source.attributes.values() if one.name not in {"question", "plain"}], 6)
    mine = [ways[place::3][: rng.randint(1, 2)] for place in range(3)]
    cued = rng.random() < 0.5
    labels = tuple(
        Label(name, some(rng, one[0].cues, 1, 2) if cued else ()) for name, one in zip(names, mine, strict=True)
    )

    def manner(place: int) -> Manner:
        return Manner((rng.choice(mine[place]),), None if rng.random() < 0.2 else False)

    return Written(labels, manner, False)
