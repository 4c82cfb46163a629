"""Plants the faults that real data has, and keeps the list of them and of what a reviewer decides."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ftworkbench.demo.tickets.grammar import QUEUES, REASON, URGENCIES
from ftworkbench.demo.tickets.rows import Ticket, answer, jaccard, shingles, tokens
from ftworkbench.demo.tickets.writing import slip

EXACT, NEAR, WRONG, LEAKS = 10, 10, 12, 8
CONFLICTS_SAME_TEXT, CONFLICTS_NEAR = 2, 3
LEAKS_EXACT = 3
EMPTY_ANSWERS = ("", "", "  ")
PERSONAL = (
    ("account", "My mail is joan.hollis83@example.org.", "joan.hollis83@example.org", "an e-mail address",
     "[email]"),
    ("billing", "The card is 4111 1111 1111 1111.", "4111 1111 1111 1111", "a card number", "[card number]"),
)  # fmt: skip
CUES = {
    "billing": ("charge", "invoice", "payment", "paid", "voucher", "gift card", "bill"),
    "delivery": ("parcel", "courier", "tracking", "deliver", "driver", "depot", "shipping"),
    "account": ("account", "password", "profile", "login", "log in"),
    "technical": (
        "tech",
        "app ",
        "screen",
        "update",
        "wifi",
        "battery",
        "display",
        "setup",
        "noise",
        "workshop",
    ),
    "returns": ("return", "exchang", "wrong", "missing", "send back", "swap"),
}

NEAR_AT_LEAST = ((3, 0.8), (5, 0.7))
_LONG = 30
_SLIPS, _ONCE = 0.15, 0.6
_TRIES = 400
_OTHERWISE = {
    "hello": "hi", "hi": "hello", "please": "pls", "pls": "please", "cannot": "can't", "can't": "cannot",
    "you": "u", "i've": "I have", "it's": "it is", "and": "&", "but": "though", "got": "received",
    "bought": "ordered", "what": "wat", "can": "could", "could": "can", "would": "will", "i": "we",
    "nobody": "no one", "is": "was", "ago": "ago now", "tomorrow": "tomorow", "just": "only",
}  # fmt: skip
_APART = 0.06
_EARLY = 0.85


@dataclass(frozen=True)
class Planted:
    """A row on its way into a file; `place` orders the file, `name` is unique over both files."""

    name: int
    place: float
    ticket: Ticket
    reply: str
    fault: str = ""
    of: int | None = None
    note: str = ""
    do: str = ""
    why: str = ""
    new_prompt: str | None = None
    new_reply: str | None = None


class Planter:
    """Turns sound tickets into rows with faults; a row takes part in one fault at most."""

    def __init__(self, rng: random.Random, tickets: Sequence[Ticket]) -> None:
        self._rng = rng
        self._rows = [Planted(at, rng.random(), ticket, ticket.answer) for at, ticket in enumerate(tickets)]
        self._free = list(range(len(tickets)))
        rng.shuffle(self._free)
        self._test: list[Planted] = []

    def train(self) -> list[Planted]:
        """The rows of the training file in their order."""
        return sorted(self._rows, key=lambda row: row.place)

    def test(self, tickets: Iterable[Ticket]) -> list[Planted]:
        """The rows of the test file in their order: these tickets, and those that leaked into it."""
        sound = [
            Planted(1_000_000 + at, self._rng.random(), ticket, ticket.answer) for at, ticket in enumerate(tickets)
        ]
        return sorted([*self._test, *(mark_legal(row) for row in sound)], key=lambda row: row.place)

    def plant_all(self) -> None:
        """Every kind of fault, in the numbers named above."""
        self._rows = [mark_legal(row) for row in self._rows]
        self._free = [at for at in self._free if not self._rows[at].fault]
        self._personal_data()
        self._wrong_labels()
        for reply in EMPTY_ANSWERS:
            at = self._take()
            self._rows[at] = replace(
                self._rows[at], reply=reply, fault="empty-answer", note="the assistant says nothing",
                do="reject", why="no answer to learn from",
            )  # fmt: skip
        for _ in range(EXACT):
            at = self._take(early=True)
            self._copy(at, "exact-duplicate", "the same row again", "right, and used once", do="accept")
        for _ in range(NEAR):
            at = self._take(early=True, long=True)
            why = "says the same as another row"
            self._copy(at, "near-duplicate", "a few words differ", why, text=self._nearly(at))
        self._conflicts()
        self._leaks()

    def _take(self, *, early: bool = False, long: bool = False, queue: str = "", plain: bool = False) -> int:
        for at in self._free:
            row = self._rows[at]
            fits = (
                not (early and row.place > _EARLY)
                and not (long and len(row.ticket.text.split()) < _LONG)
                and queue in ("", row.ticket.queue)
                and not (plain and not _says_plainly(row.ticket))
            )
            if fits:
                self._free.remove(at)
                return at
        raise AssertionError("the phrases no longer give a row that this fault could be planted in")

    def _personal_data(self) -> None:
        for queue, sentence, secret, what, instead in PERSONAL:
            at = self._take(queue=queue)
            ticket = self._rows[at].ticket
            text = f"{ticket.text.rstrip(' .,')}. {sentence}"
            self._rows[at] = replace(
                self._rows[at], ticket=replace(ticket, text=text), fault="personal-data", note=what,
                do="edit", why=f"{what} has no business in training data",
                new_prompt=text.replace(secret, instead),
            )  # fmt: skip

    def _wrong_labels(self) -> None:
        for number in range(WRONG):
            queue = QUEUES[number % len(QUEUES)]
            at = self._take(queue=queue, plain=True)
            ticket = self._rows[at].ticket
            wrong = self._rng.choice([name for name in QUEUES if name != queue])
            self._rows[at] = replace(
                self._rows[at], reply=answer(wrong, ticket.urgency), fault="wrong-label",
                note=f"{wrong}, should be {queue}", do="edit", why=f"this is for {queue}, not for {wrong}",
                new_reply=ticket.answer,
            )  # fmt: skip

    def _copy(self, at: int, fault: str, note: str, why: str, **other: str) -> None:
        """Adds the row again, further down; `other` may give its text, its reply, and what to do about it."""
        row = self._rows[at]
        place = self._rng.uniform(row.place + _APART, 1.0)
        ticket = replace(row.ticket, text=other.get("text") or row.ticket.text)
        reply, do = other.get("reply", row.reply), other.get("do", "reject")
        self._rows.append(Planted(len(self._rows), place, ticket, reply, fault, row.name, note, do, why))

    def _conflicts(self) -> None:
        for number in range(CONFLICTS_SAME_TEXT + CONFLICTS_NEAR):
            same = number < CONFLICTS_SAME_TEXT
            at = self._take(early=True, long=not same)
            ticket = self._rows[at].ticket
            if number % 2:
                other = answer(ticket.queue, self._rng.choice([u for u in URGENCIES if u != ticket.urgency]))
            else:
                other = answer(self._rng.choice([q for q in QUEUES if q != ticket.queue]), ticket.urgency)
            text = "the same text" if same else "nearly the same text"
            note = f"{text}, another answer; the other row is right"
            self._copy(at, "conflicting-duplicate", note, "contradicts a row that is right",
                       text="" if same else self._nearly(at), reply=other)  # fmt: skip

    def _leaks(self) -> None:
        for number in range(LEAKS):
            exact = number < LEAKS_EXACT
            at = self._take(long=not exact)
            row = self._rows[at]
            text = row.ticket.text if exact else self._nearly(at)
            self._rows[at] = replace(row, do="reject", why="stands in the test file too")
            self._test.append(
                Planted(2_000_000 + at, self._rng.random(), replace(row.ticket, text=text), row.reply, "leak",
                        row.name, "in train " + ("word for word" if exact else "with a few words changed"))
            )  # fmt: skip

    def _nearly(self, at: int) -> str:
        original = self._rows[at].ticket.text
        for _ in range(_TRIES):
            text = _retyped(original, self._rng)
            alike = all(jaccard(shingles(original, n), shingles(text, n)) >= low for n, low in NEAR_AT_LEAST)
            if alike and tokens(text) != tokens(original):
                return text
        return f"{original} please"


def _says_plainly(ticket: Ticket) -> bool:
    low = ticket.text.lower()
    said = {queue: sum(cue in low for cue in cues) for queue, cues in CUES.items()}
    own = said.pop(ticket.queue)
    return ticket.plain and own > 1 and not any(said.values())


def mark_legal(row: Planted) -> Planted:
    """The row, marked as one of the class that is too small where it is one."""
    if row.ticket.queue != "legal":
        return row
    return replace(row, fault="small-class", do="reject", note="legal: nine rows in all",
                   why="too few legal rows to learn or to measure")  # fmt: skip


def _retyped(text: str, rng: random.Random) -> str:
    """The text as somebody types it again from memory: one or two words come out otherwise."""
    form = f"{text.partition(chr(10))[0]}\n" if text.startswith(REASON) else ""
    words = text.removeprefix(form).split(" ")
    changed = 0
    for at in rng.sample(range(len(words)), len(words)):
        other = _OTHERWISE.get(words[at].lower(), "")
        if not other and words[at].isalpha() and rng.random() < _SLIPS:
            other = slip(words[at], rng)
        if other and other != words[at]:
            words[at] = other
            changed += 1
        if changed == 2 or (changed and rng.random() < _ONCE):
            break
    return form + " ".join(words)
