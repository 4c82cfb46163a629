"""Puts tickets together from the phrases in this folder.

A phrase is a line under a `[section]`. `{a|b|}` picks one of its alternatives (they nest), `<item>` is filled
from the section of that name in `words.txt`, or with a number, a date or a sum of money.

Most tickets come through the shop's contact form, which puts the entry that the customer picked from its menu on
top (`Reason: On its way`). The menu's entries are the house's own words: each stands for one queue, and customers
sometimes pick the wrong one.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

Sections = Mapping[str, tuple[str, ...]]

QUEUES = ("billing", "delivery", "account", "technical", "returns")
URGENCIES = ("low", "normal", "high")

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "June", "July", "August", "September", "October")

REASON = "Reason: "
MENU = {
    "billing": "Till and wallet",
    "delivery": "On its way",
    "account": "My corner",
    "technical": "Everyday use",
    "returns": "Second thoughts",
}

_BY_FORM, _PICKED_WRONG = 0.87, 0.02
_NAMES_TOPIC = {"form": 0.35, "mail": 0.75}
_TERSE = 0.11
_STEADY = ("number", "item", "gadget", "country")

_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<(\w+)>")
_AN = re.compile(r"\b([Aa]) (?=(?!one\b|eu)[aeio])")
_BEFORE_PUNCTUATION = re.compile(r"\s+([,.;:!?])")


@dataclass(frozen=True)
class Draft:
    """A ticket before anybody's typing has been at it; `parts` are sentences in order, `reason` is of the menu."""

    queue: str
    urgency: str
    kind: str
    reason: str
    greeting: str
    parts: tuple[str, ...]
    closing: str
    angry: bool
    two_problems: bool


def read_sections(name: str) -> dict[str, tuple[str, ...]]:
    """The phrases of `name`.txt by section, in the file's order; lines that start with # are comments."""
    found: dict[str, list[str]] = {}
    section = ""
    text = resources.files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            found[section] = []
        else:
            found[section].append(line.strip())
    return {key: tuple(lines) for key, lines in found.items()}


class Desk:
    """Every phrase there is, and the decks they are dealt from, so that all are used about equally often."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._frame = read_sections("frame") | read_sections("words")
        self._queues = {queue: read_sections(queue) for queue in QUEUES}
        self._decks: dict[tuple[str, str], list[str]] = {}
        self._fixed: dict[str, str] = {}

    def next_ticket(self) -> None:
        """Forgets the order number, the thing bought, and whatever else stays the same through one ticket."""
        self._fixed.clear()

    def deal(self, queue: str, kind: str) -> str:
        """The next unexpanded phrase of a queue's section; the deck is shuffled anew when it is used up."""
        deck = self._decks.setdefault((queue, kind), [])
        if not deck:
            deck.extend(self._queues[queue][kind])
            self._rng.shuffle(deck)
        return deck.pop()

    def framing(self, section: str) -> str:
        """An expanded phrase from the sections that all queues share."""
        return self.expand(self._rng.choice(self._frame[section]))

    def two_framings(self, section: str) -> tuple[str, str]:
        """Two expanded phrases of a section, made from different lines."""
        one, other = self._rng.sample(self._frame[section], 2)
        return self.expand(one), self.expand(other)

    def expand(self, phrase: str) -> str:
        """The phrase with its choices made and its slots filled, its spaces put right."""
        text = phrase
        while "{" in text or "<" in text:
            text = _CHOICE.sub(lambda found: self._rng.choice(found[1].split("|")), text)
            text = _SLOT.sub(lambda found: self._fill(found[1]), text)
        text = _AN.sub(r"\1n ", " ".join(text.split()))
        return _BEFORE_PUNCTUATION.sub(r"\1", text)

    def aside(self, queue: str) -> str:
        """A small question that belongs to another queue than `queue`."""
        other = self._rng.choice([name for name in QUEUES if name != queue])
        return self.expand(self._rng.choice(self._queues[other]["aside"]))

    def _fill(self, slot: str) -> str:
        if slot not in _STEADY:
            return self._invent(slot)
        if slot not in self._fixed:
            self._fixed[slot] = self._invent(slot)
        return self._fixed[slot]

    def _invent(self, slot: str) -> str:
        rng = self._rng
        match slot:
            case "number":
                return str(rng.randint(10_240, 98_760))
            case "order" | "Order":
                form = rng.choice(["rder {}", "rder {}", "rder #{}", "rder no. {}", "rder nr {}"])
                return slot[0] + form.format(self._fill("number"))
            case "amount":
                cents = rng.choice(["", "", "", "", ".50", ".90", ".95", ".99"])
                form = rng.choice(["£{}", "£{}", "{} pounds", "{} euros", "{} quid"])
                return form.format(f"{rng.randint(8, 240)}{cents}")
            case "day":
                return rng.choice(WEEKDAYS)
            case "month":
                return rng.choice(MONTHS)
            case "year":
                return str(rng.randint(2009, 2023))
            case _:
                return rng.choice(self._frame[slot])


def draft(desk: Desk, rng: random.Random, queue: str, urgency: str) -> Draft:
    """A ticket for a queue and an urgency, by the rules of `ftworkbench.demo.make_triage`."""
    desk.next_ticket()
    kind = _core_kind(rng, urgency)
    reason = _reason(rng, queue)
    before, after, angry = _cues(desk, rng, queue, urgency, kind)
    core = desk.expand(desk.deal(queue, kind))
    if rng.random() < _TERSE:
        return Draft(queue, urgency, kind, reason, "", (*before, core, *after), "", angry, False)
    leads, afterthoughts = _second_problem(desk, rng, queue)
    ramble = _ramble(desk, rng, urgency)
    core = f"{leads[0]} {core}" if leads else core
    middle = [core, *ramble] if leads or rng.random() < 0.8 else [*ramble, core]
    opening = _opening(desk, rng, queue, "form" if reason else "mail")
    return Draft(
        queue, urgency, kind, reason,
        greeting=desk.framing("greeting") if rng.random() < 0.6 else "",
        parts=(*opening, *before, *middle, *after, *afterthoughts),
        closing=_closing(desk, rng, angry),
        angry=angry,
        two_problems=bool(leads or afterthoughts),
    )  # fmt: skip


def _reason(rng: random.Random, queue: str) -> str:
    """The entry of the form's menu, or nothing where the ticket came by mail."""
    if rng.random() >= _BY_FORM:
        return ""
    if rng.random() < _PICKED_WRONG:
        return MENU[rng.choice([name for name in QUEUES if name != queue])]
    return MENU[queue]


def _opening(desk: Desk, rng: random.Random, queue: str, way: str) -> list[str]:
    opener = [desk.framing("opener")] if rng.random() < 0.2 else []
    topic = [desk.expand(desk.deal(queue, "topic"))] if rng.random() < _NAMES_TOPIC[way] else []
    return [*opener, *topic]


def _ramble(desk: Desk, rng: random.Random, urgency: str) -> list[str]:
    draw = rng.random()
    if urgency == "high":
        return [desk.framing("story")] if draw < 0.07 else []
    if draw < 0.05:
        return [*desk.two_framings("story"), desk.framing("ramble")]
    if draw < 0.17:
        return [desk.framing("story")]
    return [desk.framing("ramble")] if draw < 0.29 else []


def _core_kind(rng: random.Random, urgency: str) -> str:
    if urgency == "normal":
        return "problem"
    if urgency == "low":
        return "question" if rng.random() < 0.5 else "problem"
    return rng.choices(["grave", "problem", "rush"], [20, 70, 10])[0]


def _cues(desk: Desk, rng: random.Random, queue: str, urgency: str, kind: str) -> tuple[list[str], list[str], bool]:
    """What says how urgent it is: sentences before the problem and after it, and whether they are angry."""
    if urgency == "normal":
        return [], [desk.framing("tail")] if rng.random() < 0.95 else [], False
    if urgency == "low":
        if kind == "question" and rng.random() < 0.05:
            return [], [], False
        cue = desk.framing("idle" if kind == "question" and rng.random() < 0.6 else "low")
        return ([cue], [], False) if kind == "problem" and rng.random() < 0.25 else ([], [cue], False)
    wanted = {"grave": [50, 0, 46, 4], "problem": [50, 34, 16, 0], "rush": [10, 30, 60, 0]}[kind]
    cue_kind = rng.choices(["anger", "deadline", "need", ""], wanted)[0]
    if not cue_kind:
        return [], [], False
    if cue_kind == "anger":
        first, second = desk.two_framings("anger")
        if rng.random() < 0.7:
            return [first], [second], True
        return ([first], [], True) if rng.random() < 0.4 else ([], [first], True)
    if cue_kind == "need":
        cue, pressing = desk.framing("need"), []
    else:
        own = rng.random() < 0.35
        cue = desk.expand(desk.deal(queue, "deadline")) if own else desk.framing("deadline")
        pressing = [desk.framing("need")] if rng.random() < 0.7 else []
    return ([cue], pressing, False) if rng.random() < 0.25 else (pressing, [cue], False)


def _second_problem(desk: Desk, rng: random.Random, queue: str) -> tuple[list[str], list[str]]:
    draw = rng.random()
    if draw < 0.04:
        return [desk.framing("first").replace("ASIDE", desk.aside(queue))], []
    if draw < 0.11:
        return [], [desk.framing("join").replace("ASIDE", desk.aside(queue))]
    return [], []


def _closing(desk: Desk, rng: random.Random, angry: bool) -> str:
    draw = rng.random()
    if angry:
        return desk.framing("name") if draw < 0.25 else ""
    if draw < 0.3:
        return f"{desk.framing('closing')}, {desk.framing('name')}"
    if draw < 0.5:
        return desk.framing("closing")
    return desk.framing("name") if draw < 0.58 else ""
