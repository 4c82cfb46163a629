"""Work on words and lists of words: copy, sort, count, reverse, change case, pick, replace."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from ftworkbench.demo.corpus.bank import Bank
from ftworkbench.demo.corpus.dialogue import Dialogue, Task, ask
from ftworkbench.demo.corpus.labels import any_word
from ftworkbench.demo.corpus.message import topic_sentence
from ftworkbench.demo.corpus.noise import typed
from ftworkbench.demo.corpus.wordings import wording

Words = list[str]


@dataclass(frozen=True)
class Operation:
    """Something to do with a list: its skill, how it is asked for (the last is held out), and what it gives."""

    skill: str
    asked: tuple[str, ...]
    result: Callable[[Words], Words]
    wanted: str = ""
    """Its name among the wordings that are put together from parts."""


LIST_OPERATIONS = (
    Operation(
        "sort",
        (
            "Sort the words alphabetically.",
            "Put these in alphabetical order.",
            "Sort from A to Z:",
            "Sort these words.",
            "Alphabetical order, please.",
            "Order the words by the alphabet.",
        ),
        sorted,
        wanted="sorted",
    ),
    Operation(
        "sort",
        ("Sort from Z to A.", "Put these in reverse alphabetical order.", "Sort the words from Z down to A."),
        lambda words: sorted(words, reverse=True),
    ),
    Operation(
        "reverse",
        (
            "Reverse the list.",
            "Write the words in reverse order.",
            "Turn the order around.",
            "Say them backwards.",
            "Reverse the order of the words.",
            "Give the words back to front.",
        ),
        lambda words: words[::-1],
        wanted="backwards",
    ),
    Operation(
        "copy",
        (
            "Repeat the words.",
            "Copy the list.",
            "Write the same words again.",
            "Say this again:",
            "Copy:",
            "Repeat exactly what is written.",
        ),
        lambda words: words,
        wanted="same",
    ),
    Operation(
        "case",
        (
            "Write the words in capitals.",
            "Put this in upper case.",
            "Make it upper-case.",
            "CAPITALS please:",
            "Change everything to capital letters.",
        ),
        lambda words: [word.upper() for word in words],
        wanted="capitals",
    ),
    Operation(
        "case",
        (
            "Write the words in small letters.",
            "Put this in lower case.",
            "Make it lower-case.",
            "Change everything to small letters.",
        ),
        lambda words: [word.lower() for word in words],
        wanted="small",
    ),
    Operation(
        "case",
        ("Begin each word with a capital.", "Capitalise every word.", "Give every word a capital letter."),
        lambda words: [word.capitalize() for word in words],
    ),
    Operation(
        "pick",
        ("What is the first word?", "Give the first word.", "First word only.", "Which word comes first?"),
        lambda words: words[:1],
        wanted="first",
    ),
    Operation(
        "pick",
        ("What is the last word?", "Give the last word.", "Last word only.", "Which word comes last?"),
        lambda words: words[-1:],
        wanted="last",
    ),
    Operation(
        "pick",
        ("What is the second word?", "Give the second word.", "Which word comes second?"),
        lambda words: words[1:2],
        wanted="second",
    ),
    Operation(
        "pick",
        ("Drop the first word.", "Leave out the first word.", "Write all but the first word."),
        lambda words: words[1:],
        wanted="drop first",
    ),
    Operation(
        "pick",
        ("Drop the last word.", "Leave out the last word.", "Write all but the last word."),
        lambda words: words[:-1],
        wanted="drop last",
    ),
    Operation(
        "pick",
        ("Swap the first and the last word.", "Exchange the first word and the last one."),
        lambda words: [words[-1], *words[1:-1], words[0]],
        wanted="swapped",
    ),
    Operation(
        "count",
        (
            "How many words are there?",
            "Count the words.",
            "Number of words?",
            "Count the items.",
            "Say how many words there are in the list.",
        ),
        lambda words: [str(len(words))],
        wanted="count",
    ),
    Operation(
        "letters",
        ("Write the first letter of each word.", "First letters only.", "Give the initial of every word."),
        lambda words: [word[0] for word in words],
        wanted="initials",
    ),
)


def drawn_words(rng: Random, source: Bank, count: int) -> Words:
    """Different words from the lists, some of them invented."""
    words: dict[str, None] = {}
    cap = rng.random() < 0.2
    while len(words) < count:
        word = any_word(rng, source)
        words[word.capitalize() if cap else word] = None
    return list(words)


def listed(rng: Random, source: Bank) -> Task:
    """One operation on a list of words."""
    operation = rng.choice(LIST_OPERATIONS)
    held_out = source.prompts == "held_out"
    instruction = operation.asked[-1] if held_out else rng.choice(operation.asked[:-1])
    if operation.wanted and not held_out and rng.random() < 0.6:
        instruction = wording(rng, operation.wanted)
    gap = rng.choice((" ", ", ", ", ", "\n"))
    size = rng.choice(((2, 4), (3, 5), (3, 7)))
    as_json = rng.random() < 0.12 and operation.skill in {"sort", "reverse", "copy"}
    if as_json:
        instruction += " Answer as a JSON array."

    def draw() -> tuple[str, str]:
        words = drawn_words(rng, source, rng.randint(*size))
        result = operation.result(words)
        return gap.join(words), json.dumps(result) if as_json else gap.join(result)

    return Task(instruction, draw, operation.skill, "json_match" if as_json else "exact_match", 0.3)


def numbers(rng: Random, source: Bank) -> Task:
    """Sorting, counting and picking among numbers."""
    held_out = source.prompts == "held_out"
    kind = rng.randrange(4)
    most = rng.choice((10, 100, 1000))
    asked = (
        ("Sort the numbers from small to large.", "Sort the numbers.", "Put the numbers in rising order."),
        ("Which number is the largest?", "Give the biggest number.", "Name the greatest of the numbers."),
        ("Which number is the smallest?", "Give the smallest number.", "Name the least of the numbers."),
        ("Sort the numbers from large to small.", "Put the numbers in falling order."),
    )[kind]
    results: tuple[Callable[[list[int]], list[int]], ...] = (
        sorted,
        lambda found: [max(found)],
        lambda found: [min(found)],
        lambda found: sorted(found, reverse=True),
    )

    def draw() -> tuple[str, str]:
        found = rng.sample(range(most), rng.randint(2, 5))
        return ", ".join(map(str, found)), ", ".join(map(str, results[kind](found)))

    instruction = asked[-1] if held_out else rng.choice(asked[:-1])
    if not held_out and rng.random() < 0.6:
        instruction = wording(rng, ("rising", "largest", "smallest", "falling")[kind])
    return Task(instruction, draw, "sort", "exact_match", 0.3)


def counted(rng: Random, source: Bank) -> Task:
    """How often a word stands in a list, whether it is there at all, or the list with it replaced."""
    held_out = source.prompts == "held_out"
    kind = rng.randrange(3)
    word, other = drawn_words(rng, source, 2)
    asked = (
        (f'How often is "{word}" in the list?', f"Count the word {word}.", f"How many times does {word} occur?"),
        (f'Is "{word}" in the list? yes or no', f"Does the list contain {word}? Answer yes or no.",
         f"Say yes if {word} is among these, else no."),
        (f"Replace {word} by {other}.", f"Write {other} in place of {word}.", f"Put {other} wherever it says {word}."),
    )[kind]  # fmt: skip

    def draw() -> tuple[str, str]:
        words = [one for one in drawn_words(rng, source, rng.randint(2, 5)) if one != word]
        for _ in range(rng.choice((0, 1, 1, 2, 3)) if kind < 2 else 1):
            words.insert(rng.randrange(len(words) + 1), word)
        text = " ".join(words)
        if kind == 0:
            return text, str(words.count(word))
        if kind == 1:
            return text, "yes" if word in words else "no"
        return text, " ".join(other if one == word else one for one in words)

    skill = ("count", "pick", "copy")[kind]
    return Task(asked[-1] if held_out else rng.choice(asked[:-1]), draw, skill, "exact_match", 0.3)


def sentences(rng: Random, source: Bank) -> Task:
    """Copying a sentence as it is, in capitals, or in quotes; slips of the keyboard are kept."""
    held_out = source.prompts == "held_out"
    kind = rng.randrange(4)
    asked = (
        ("Copy the sentence.", "Write this again, letter by letter.", "Repeat the sentence as it stands."),
        ("Write the sentence in capitals.", "Shout this.", "Put the whole sentence in capitals."),
        (
            "Write the sentence in small letters.",
            "Say it without capitals.",
            "Put the whole sentence in small letters.",
        ),
        ("Put the sentence in quotes.", "Quote this.", "Set the sentence between quotation marks."),
    )[kind]

    def draw() -> tuple[str, str]:
        if rng.random() < 0.5:
            text = typed(rng, topic_sentence(rng, source, rng.choice(source.topics)))
        else:
            text = " ".join(drawn_words(rng, source, rng.randint(4, 9))).capitalize() + rng.choice((".", "!", "?"))
        return text, (text, text.upper(), text.lower(), f'"{text}"')[kind]

    skill = ("copy", "case", "case", "copy")[kind]
    return Task(asked[-1] if held_out else rng.choice(asked[:-1]), draw, skill, "exact_match", 0.4)


def strings(rng: Random, source: Bank) -> Dialogue:
    """Any of these, zero-shot or with up to three examples; sometimes the examples are all there is."""
    make = rng.choices((listed, numbers, counted, sentences), (60, 12, 14, 14))[0]
    task = make(rng, source)
    shots = rng.choice((0, 0, 0, 0, 1, 2, 3))
    if rng.random() < 0.1 and make is listed and task.skill not in {"count", "copy"}:
        unsaid = Task(rng.choice(("", "Go on.", "Do the same.")), task.draw, "learn from examples", task.metric)
        return ask(rng, unsaid, rng.randint(3, 8))
    return ask(rng, task, shots)
