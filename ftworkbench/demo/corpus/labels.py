"""Names of labels and keys, cues, and the many ways in which a prompt lists them."""

from dataclasses import dataclass
from random import Random

from ftworkbench.demo.corpus.bank import HELD_OUT_NAMES, Bank

CONSONANTS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "cl",
    "dr",
    "fl",
    "gr",
    "pl",
    "st",
    "tr",
    "sh",
    "th",
    "ch",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "oo", "ou"]
LONGEST_SPLICED, SHORTEST_SPLICED = 11, 2
ENDINGS = (
    "",
    "",
    "n",
    "r",
    "l",
    "s",
    "t",
    "x",
    "m",
    "ck",
    "sh",
    "ing",
    "ery",
    "al",
    "y",
    "ment",
    "ture",
    "ic",
    "unt",
    "urn",
)

TOPIC_KEYS = [
    "topic",
    "category",
    "department",
    "team",
    "subject",
    "area",
    "desk",
    "section",
    "about",
    "type",
    "kind",
    "theme",
    "class",
    "label",
    "tag",
    "field",
    "group",
    "office",
    "unit",
    "inbox",
    "folder",
    "channel",
    "bucket",
    "destination",
    "route",
    "stream",
    "matter",
    "intent",
    "concern",
    "domain",
    "sector",
    "owner",
    "handler",
    "pool",
    "line",
    "box",
    "list",
    "track",
    "branch",
    "division",
    "counter",
    "target",
    "reason",
    "cause",
    "issue",
    "what",
    "where",
    "who",
    "place",
]
LEVEL_KEYS = [
    "priority",
    "level",
    "severity",
    "importance",
    "tone",
    "mood",
    "weight",
    "speed",
    "pressure",
    "stage",
    "rank",
    "grade",
    "impact",
    "temper",
    "state",
    "status",
    "heat",
    "need",
    "when",
    "rush",
    "attention",
    "pace",
    "effort",
    "tier",
    "step",
    "order",
    "how",
    "stress",
    "feeling",
    "manner",
    "style",
    "attitude",
    "sentiment",
    "tension",
    "force",
    "size",
    "strength",
    "sla",
    "reply_in",
    "risk",
    "alarm",
    "light",
    "score",
]
LEVEL_SETS: tuple[tuple[str, str, str], ...] = (
    ("minor", "medium", "major"),
    ("calm", "steady", "urgent"),
    ("later", "soon", "now"),
    ("p3", "p2", "p1"),
    ("green", "amber", "red"),
    ("3", "2", "1"),
    ("relaxed", "standard", "critical"),
    ("small", "middle", "big"),
    ("cold", "warm", "hot"),
    ("mild", "fair", "severe"),
    ("slow", "regular", "fast"),
    ("idle", "usual", "rush"),
    ("weak", "moderate", "strong"),
    ("optional", "needed", "vital"),
    ("trivial", "usual", "serious"),
    ("little", "some", "much"),
    ("bottom", "centre", "top"),
    ("light", "middling", "heavy"),
    ("c", "b", "a"),
    ("1", "2", "3"),
    ("week", "day", "hour"),
    ("easy", "plain", "hard"),
    ("quiet", "medium", "loud"),
    ("backlog", "planned", "immediate"),
    ("lesser", "common", "greater"),
    ("tiny", "mid", "huge"),
    ("least", "average", "most"),
    ("bronze", "silver", "gold"),
    ("third", "second", "first"),
    ("s", "m", "l"),
    ("white", "yellow", "black"),
    ("wait", "handle", "hurry"),
    ("smooth", "rough", "sharp"),
    ("soft", "even", "harsh"),
)
OTHER_CUES = ("anything else", "everything else", "all the rest", "none of these", "the rest", "other things")
OTHER_NAMES = ("other", "misc", "general", "rest", "else", "unknown", "various", "remaining")


@dataclass(frozen=True)
class Label:
    """One of the labels that a prompt names, with the cues in its brackets."""

    name: str
    cues: tuple[str, ...] = ()


def invented(rng: Random) -> str:
    """A word that there is not."""
    syllables = rng.choice((1, 2, 2, 3))
    return "".join(rng.choice(CONSONANTS) + rng.choice(VOWELS) for _ in range(syllables)) + rng.choice(ENDINGS)


def spliced(rng: Random, source: Bank) -> str:
    """The head of one word with the tail of another, as in `harbling`: new, but spelt like English."""
    head, tail = rng.choice(source.lexicon), rng.choice(source.lexicon)
    word = head[: rng.randrange(1, len(head))] + tail[rng.randrange(1, len(tail)) :]
    return word if LONGEST_SPLICED >= len(word) > SHORTEST_SPLICED and word not in HELD_OUT_NAMES else head


def any_word(rng: Random, source: Bank) -> str:
    """A word of the lists, one of the texts, or one that is new."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(source.words)
    if kind < 0.6:
        return rng.choice(source.lexicon)
    return spliced(rng, source) if kind < 0.9 else invented(rng)


def any_name(rng: Random, source: Bank) -> str:
    """A name for a label out of nowhere: a word, two words, an invented one, or a code."""
    kind = rng.random()
    while True:
        if kind < 0.84:
            name = any_word(rng, source)
            if rng.random() < 0.12:
                name += rng.choice(("s", "ing", "ed", "er", "ly", "al"))
        elif kind < 0.93:
            name = rng.choice(("_", "-", " ", "")).join((any_word(rng, source), any_word(rng, source)))
        else:
            name = rng.choice(("{}{}", "{}-{}", "{}{}0")).format(
                rng.choice("abcdefghjkmnpqrstvwxz"), rng.randrange(1, 10)
            )
        if name not in HELD_OUT_NAMES:
            return name


def distinct_names(rng: Random, source: Bank, count: int) -> list[str]:
    """So many different names, drawn as `any_name` does, in one kind of case."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[any_name(rng, source)] = None
    return cased(rng, list(names))


def cased(rng: Random, names: list[str]) -> list[str]:
    """The names as they are, mostly; else all with a capital, or all in capitals."""
    kind = rng.random()
    if kind < 0.78:
        return names
    return [name.capitalize() for name in names] if kind < 0.92 else [name.upper() for name in names]


def key_names(rng: Random, source: Bank, pools: tuple[list[str], ...]) -> list[str]:
    """A key for each pool, all different; now and then a word from anywhere."""
    while True:
        keys = [rng.choice(pool) if rng.random() < 0.5 else any_name(rng, source) for pool in pools]
        if len(set(keys)) == len(keys) and not HELD_OUT_NAMES.intersection(keys):
            return keys


def in_line(rng: Random, labels: list[Label]) -> str:
    """The labels in one line, with their cues where they have any."""
    form = rng.randrange(8)
    if not any(label.cues for label in labels):
        names = [label.name for label in labels]
        last = rng.choice((" or ", " or ", ", ", " / ", " | "))
        return last.join(names) if "," not in last and "or" not in last else ", ".join(names[:-1]) + last + names[-1]
    if form < 5:
        return ", ".join(f"{label.name} ({', '.join(label.cues)})" if label.cues else label.name for label in labels)
    if form == 5:
        return "; ".join(f"{label.name}: {', '.join(label.cues)}" if label.cues else label.name for label in labels)
    if form == 6:
        return "; ".join(f"{label.name} = {' / '.join(label.cues)}" if label.cues else label.name for label in labels)
    return "; ".join(f"{label.name} for {', '.join(label.cues)}" if label.cues else label.name for label in labels)


def in_lines(rng: Random, labels: list[Label]) -> str:
    """The labels one below the other."""
    mark, colon = rng.choice(("- ", "* ", "", "  ")), rng.choice((": ", " - ", " = "))
    return "\n".join(
        f"{mark}{label.name}{colon}{', '.join(label.cues)}" if label.cues else f"{mark}{label.name}" for label in labels
    )
