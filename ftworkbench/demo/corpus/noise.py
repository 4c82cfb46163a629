"""How people really type: slips, short forms, no capitals, shouting."""

from random import Random

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
SHORT_FORMS = {
    "please": "pls", "you": "u", "are": "r", "thanks": "thx", "because": "cos", "tomorrow": "tmrw", "your": "ur",
    "cannot": "cant", "and": "&", "with": "w/", "minutes": "mins", "people": "ppl", "message": "msg",
    "something": "smth", "though": "tho", "before": "b4", "do not": "dont", "number": "no.", "address": "adress",
    "received": "recieved", "definitely": "definately", "appointment": "appointmnt", "until": "untill",
}  # fmt: skip
SHORTEST_SLIP = 4


def slip(rng: Random, word: str) -> str:
    """The word with one slip of the fingers in it, never in its first letter."""
    if len(word) < SHORTEST_SLIP or not word.isalpha():
        return word
    place = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    if kind == 2:
        return word[: place + 1] + word[place:]
    return word[:place] + rng.choice(NEIGHBOURS.get(word[place].lower(), "e")) + word[place + 1 :]


def typed(rng: Random, text: str) -> str:
    """The text as somebody in a hurry might have typed it; often unchanged."""
    manner = rng.random()
    if manner < 0.4:
        return text
    rate = 0.03 if manner < 0.75 else 0.1
    words = [slip(rng, word) if rng.random() < rate else word for word in text.split(" ")]
    if manner > 0.7:
        words = [SHORT_FORMS.get(word, word) if rng.random() < 0.5 else word for word in words]
    text = " ".join(words)
    if manner > 0.65 and rng.random() < 0.6:
        text = text.lower()
    if rng.random() < 0.15:
        text = text.replace("'", "")
    if rng.random() < 0.12:
        text = text.replace(".", "").replace(",", "")
    elif rng.random() < 0.08:
        text = text.replace(". ", rng.choice(("... ", " - ", ", ", "\n", "! ")))
    return text


def shouted(rng: Random, text: str) -> str:
    """The text with capitals or exclamation marks."""
    manner = rng.randrange(4)
    if manner == 0:
        return text.upper()
    if manner == 1:
        return text.rstrip(".") + "!!!"
    if manner == 2:
        words = text.split(" ")
        place = rng.randrange(len(words))
        words[place] = words[place].upper()
        return " ".join(words)
    return text.replace(".", "!")
