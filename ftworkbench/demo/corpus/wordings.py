"""More ways to ask for the same thing, put together from parts, so that no one wording is learnt by heart."""

from random import Random

ASK = (
    "Give", "Write", "Name", "Tell me", "Show", "Print", "Say", "Return", "I want", "Output", "Find", "Let me see",
    "Answer with", "Reply with", "State", "Type", "Read out", "Repeat", "Put down", "Choose", "Take", "Set down",
)  # fmt: skip
AFTER = ("", "", "", " here", " below", " above", " in the list", " of these", " from the list", " in what follows")

OBJECTS: dict[str, tuple[str, ...]] = {
    "first": (
        "the first word",
        "the word at the start",
        "the word that opens the list",
        "the leading word",
        "word number 1",
    ),
    "last": (
        "the last word",
        "the word at the end",
        "the final word",
        "the closing word",
        "the word that ends the list",
    ),
    "second": ("the second word", "word number 2", "the word after the first", "the one in second place"),
    "initials": ("the first letters", "the initial letters", "the first letter of every word", "only the initials"),
    "count": ("how many words there are", "the number of words", "the count of words", "how long the list is"),
    "sorted": ("the words in order", "the words from A to Z", "the alphabetical list", "the words sorted by letter"),
    "backwards": (
        "the words backwards",
        "the list from end to start",
        "the reversed list",
        "the words in the opposite order",
    ),
    "same": ("the same words", "the list once more", "exactly these words", "the words unchanged", "it word for word"),
    "capitals": ("the words in capitals", "it in capital letters", "the upper-case form", "all of it in big letters"),
    "small": ("the words in small letters", "it in lower case", "the lower-case form", "all of it without capitals"),
    "drop first": ("all words except the first", "everything after the first word", "the list without its first word"),
    "drop last": ("all words except the last", "everything before the last word", "the list without its last word"),
    "swapped": ("the list with its ends swapped", "the words with first and last exchanged"),
    "rising": ("the numbers from low to high", "the numbers in growing order", "the sorted numbers"),
    "falling": ("the numbers from high to low", "the numbers in shrinking order"),
    "largest": ("the largest number", "the highest number", "the maximum", "the biggest of them"),
    "smallest": ("the smallest number", "the lowest number", "the minimum", "the least one"),
}


def wording(rng: Random, wanted: str) -> str:
    """One way to ask for what is wanted."""
    end = rng.choice((".", ".", ":", "", " please."))
    return f"{rng.choice(ASK)} {rng.choice(OBJECTS[wanted])}{rng.choice(AFTER)}{end}"
