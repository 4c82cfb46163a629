"""Types a draft as one of several people would: tidy, in lower case, in a hurry, in a rage."""

import random
import re

from ftworkbench.demo.tickets.grammar import REASON, Draft

_SPOKEN = {
    "you": "u", "your": "ur", "please": "pls", "because": "bc", "with": "w/", "are": "r", "thanks": "thx",
    "about": "abt", "and": "n", "message": "msg", "before": "b4", "what": "wat", "though": "tho",
}  # fmt: skip
_MISSPELT = {
    "received": "recieved", "address": "adress", "refund": "refnd", "delivery": "delivary", "the": "teh",
    "their": "there", "which": "wich", "tomorrow": "tommorow", "doesn't": "dosen't", "account": "acount",
    "because": "becuase", "definitely": "definately", "until": "untill", "necessary": "neccesary",
    "receipt": "reciept", "parcel": "parsel", "charged": "charched", "friend": "freind", "really": "realy",
    "arrived": "arived", "password": "pasword", "business": "buisness", "missing": "mising",
    "invoice": "invoise", "have": "hav", "should": "shoud", "would": "woud", "screen": "sceen",
    "washing": "wahsing", "been": "ben", "wrong": "worng", "tracking": "traking", "return": "retrun",
    "just": "jsut", "from": "form", "with": "wiht", "machine": "mashine", "voucher": "vocher",
    "payment": "paymnet", "courier": "currier", "box": "bx", "separate": "seperate", "it's": "its",
    "I'm": "im", "can't": "cant", "don't": "dont", "won't": "wont",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_SENTENCE_END = re.compile(r"\.(?= |$)")
_LONG_ENOUGH_FOR_A_SLIP = 4


def write(draft: Draft, rng: random.Random) -> str:
    """The text of the ticket: what the form says of it, then what was typed, in a manner that suits the mood."""
    typed = _typed(draft, rng)
    return f"{REASON}{draft.reason}\n{typed}" if draft.reason else typed


def _typed(draft: Draft, rng: random.Random) -> str:
    manners, weights = ["tidy", "casual", "sloppy", "texting"], [36, 28, 27, 9]
    if draft.angry:
        manners, weights = ["tidy", "casual", "sloppy", "shouting"], [35, 25, 25, 15]
    manner = rng.choices(manners, weights)[0]
    text = _lay_out(draft, rng, manner)
    match manner:
        case "casual":
            return _casual(text, rng)
        case "sloppy":
            return _sloppy(text, rng)
        case "texting":
            return _texting(text, rng)
        case "shouting":
            return text.upper()
    return text


def slip(word: str, rng: random.Random) -> str:
    """The word with one slip of the fingers: two letters swapped, one left out, or one doubled."""
    if len(word) < _LONG_ENOUGH_FOR_A_SLIP:
        return word
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(3):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
    return word[:at] + word[at] + word[at:]


def _lay_out(draft: Draft, rng: random.Random, manner: str) -> str:
    letter = manner == "tidy" and rng.random() < 0.45
    parts = [part[0].upper() + part[1:] for part in draft.parts]
    body = " ".join(parts)
    greeting, closing = draft.greeting, draft.closing
    if letter:
        head = f"{greeting},\n" if greeting else ""
        return head + body + (f"\n{closing.replace(', ', chr(10))}" if closing else "")
    if greeting:
        body = f"{greeting}{rng.choice([', ', ' - ', '! ', '. ', ' '])}{body}"
    if closing:
        mark = "" if body[-1] in ".!?" else rng.choice([".", ",", " -"])
        body = f"{body}{mark} {closing}"
    return body


def _casual(text: str, rng: random.Random) -> str:
    text = text.lower()
    if rng.random() < 0.5:
        text = text.replace("'", "")
    if rng.random() < 0.35:
        text = _SENTENCE_END.sub(rng.choice([",", "...", " -"]), text)
    if rng.random() < 0.2:
        text = text.replace("?", "??" if rng.random() < 0.5 else "")
    return text.rstrip(".,- ")


def _sloppy(text: str, rng: random.Random) -> str:
    def mistype(found: re.Match[str]) -> str:
        word = found[0]
        draw = rng.random()
        if word in _MISSPELT and draw < (0.3 if len(word) > _LONG_ENOUGH_FOR_A_SLIP else 0.07):
            return _MISSPELT[word]
        return slip(word, rng) if draw > 0.965 else word

    text = _WORD.sub(mistype, text)
    if rng.random() < 0.6:
        text = _SENTENCE_END.sub(lambda _: "" if rng.random() < 0.6 else ".", text)
    if rng.random() < 0.4:
        text = text.replace(",", "")
    if rng.random() < 0.6:
        text = text[0] + text[1:].lower()
    if rng.random() < 0.2:
        text = text.replace("!", "!!!").replace(" ", "  ", 1)
    return text.strip()


def _texting(text: str, rng: random.Random) -> str:
    def shorten(found: re.Match[str]) -> str:
        word = found[0]
        return _SPOKEN[word] if word in _SPOKEN and rng.random() < 0.7 else word

    text = _WORD.sub(shorten, text.lower()).replace("'", "")
    return _SENTENCE_END.sub(rng.choice(["", " ..", ","]), text).strip(" .,")
