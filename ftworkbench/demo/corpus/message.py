"""Messages as a desk gets them: about a topic, written in some way, with the small talk around it."""

import functools
import re
from collections.abc import Callable
from random import Random

from ftworkbench.demo.corpus.bank import Attribute, Bank, Topic, bank
from ftworkbench.demo.corpus.noise import shouted, typed
from ftworkbench.demo.corpus.phrases import (
    ASIDES,
    DAYS,
    EVENTS,
    FAREWELLS,
    GREETINGS,
    LANGUAGES,
    LINKS,
    MONTHS,
    OPENINGS,
    ORGANISATIONS,
    PLANS,
    QUESTION_OPENINGS,
    RELATIVES,
    SUBJECTS,
)

SLOT = re.compile(r"\{(\w+)\}")
HELD_OUT_FALLBACK = 3


def amount(rng: Random) -> str:
    """A sum of money, written in one of many ways."""
    whole = rng.choice((rng.randrange(2, 100), rng.randrange(100, 1000)))
    text = f"{whole}.{rng.randrange(100):02d}" if rng.random() < 0.35 else str(whole)
    return rng.choice(("${}", "£{}", "€{}", "{} euros", "{} dollars", "{} pounds", "{} EUR")).format(text)


def clock(rng: Random) -> str:
    """A time of day."""
    hour = rng.randrange(1, 13)
    return rng.choice((f"{hour} am", f"{hour} pm", f"{rng.randrange(24)}:{rng.randrange(6)}0", "noon", f"{hour}pm"))


def date(rng: Random) -> str:
    """A day, by name or as a date."""
    if rng.random() < 0.6:
        return rng.choice(DAYS)
    return f"{rng.randrange(1, 29)} {rng.choice(MONTHS)}"


@functools.cache
def _slots(side: str) -> dict[str, tuple[str, ...]]:
    mine, seen = bank("held_out" if side == "held_out" else "seen"), bank("seen")

    def words(*kinds: str) -> tuple[str, ...]:
        found = tuple(word for kind in kinds for word in mine.kinds[kind])
        return found if len(found) >= HELD_OUT_FALLBACK else tuple(w for kind in kinds for w in seen.kinds[kind])

    return {
        "name": words("given_name"),
        "surname": words("surname"),
        "city": words("city"),
        "country": words("country"),
        "item": words("furniture", "tool", "kitchen", "toy", "stationery", "instrument"),
        "device": words("device"),
        "clothes": words("clothing"),
        "food": words("food"),
        "flower": words("flower"),
        "job": words("job"),
        "vegetable": words("vegetable"),
        "colour": words("colour"),
        "place": words("place"),
        "instrument": words("instrument"),
        "org": ORGANISATIONS,
        "plan": PLANS,
        "subject": SUBJECTS,
        "language": LANGUAGES,
        "relative": RELATIVES,
        "event": EVENTS,
        "month": MONTHS,
        "n": tuple("23456789"),
    }


DRAWN: dict[str, Callable[[Random], str]] = {"amount": amount, "time": clock, "day": date}


def fill(rng: Random, source: Bank, sentence: str) -> str:
    """The sentence with every slot filled."""
    slots = _slots(source.side)

    def value(match: re.Match[str]) -> str:
        name = match[1]
        drawn = DRAWN.get(name)
        return drawn(rng) if drawn else rng.choice(slots[name])

    filled = SLOT.sub(value, sentence)
    filled = SLOT.sub(value, filled) if "{" in filled else filled
    return filled[:1].upper() + filled[1:] if sentence.startswith("{event}") else filled


def reword(rng: Random, source: Bank, sentence: str, rate: float = 0.15) -> str:
    """The sentence with some words replaced by others that mean nearly the same."""
    words = sentence.split(" ")
    for place, word in enumerate(words):
        bare = word.rstrip(".,!?")
        others = source.synonyms_of.get(bare)
        if others and rng.random() < rate:
            words[place] = rng.choice(others) + word[len(bare) :]
    return " ".join(words)


def topic_sentence(rng: Random, source: Bank, topic: Topic, asks: bool | None = None) -> str:
    """A sentence about the topic: a question, a problem, or (None) either."""
    if asks is None:
        asks = rng.random() < 0.35
    choices = (topic.questions if asks else topic.problems) or topic.problems or topic.questions
    sentence = reword(rng, source, fill(rng, source, rng.choice(choices)))
    if rng.random() < 0.2:
        frame = fill(rng, source, rng.choice(QUESTION_OPENINGS if sentence.endswith("?") else OPENINGS))
        lowered = sentence if sentence.startswith("I ") else sentence[0].lower() + sentence[1:]
        sentence = frame.replace("@", lowered)
    return sentence


def compose(
    rng: Random, source: Bank, sentences: list[str], attributes: tuple[Attribute, ...] = (), padding: float = 0.35
) -> str:
    """A whole message around the sentences it is about, written in the ways given."""
    before, after = [], []
    for attribute in attributes:
        if attribute.before and (not attribute.after or rng.random() < 0.3):
            before.append(rng.choice(attribute.before))
        else:
            after.append(rng.choice(attribute.after))
    middle = list(sentences)
    while rng.random() < padding:
        middle.insert(rng.randrange(len(middle) + 1), rng.choice(ASIDES))
    parts = [*before, *middle, *after] if rng.random() < 0.85 else [*after, *before, *middle]
    parts = [reword(rng, source, fill(rng, source, part), 0.08) for part in parts]
    if any(attribute.name == "angry" for attribute in attributes) and rng.random() < 0.5:
        place = rng.randrange(len(parts))
        parts[place] = shouted(rng, parts[place])
    if rng.random() < 0.35:
        parts.insert(0, fill(rng, source, rng.choice(GREETINGS)))
    if rng.random() < 0.3:
        parts.append(fill(rng, source, rng.choice(FAREWELLS)))
    return typed(rng, rng.choice((" ", " ", " ", "\n")).join(parts))


def second_thought(rng: Random, source: Bank, topic: Topic) -> str:
    """A side remark on another topic, marked as one."""
    sentence = topic_sentence(rng, source, topic)
    lowered = sentence if sentence.startswith("I ") else sentence[0].lower() + sentence[1:]
    return f"{rng.choice(LINKS)} {lowered}"
