"""What there is to know of rows one by one: what they come to, what is wrong with each, what they are compared by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson

from ftworkbench.data.checks.blocks import NO_LABEL, Block, Interned, Noted, Texts
from ftworkbench.data.checks.damage import find_damages
from ftworkbench.data.checks.fingerprints import NO_WORDS, hash_words, prints_of
from ftworkbench.data.checks.minhash import digests_of
from ftworkbench.data.checks.personal import find_personal, may_hold_personal
from ftworkbench.data.example import Example, Message, content_text
from ftworkbench.data.formats.format import Format
from ftworkbench.data.labels import may_be_label, said_by
from ftworkbench.data.rules import Refused, check_example, warning
from ftworkbench.data.sources.records import filled_lines
from ftworkbench.data.sources.source import read_row

_SPOKEN = {"system", "user", "assistant"}
_LONG_NUMBER = b"0" * 19
_ZEROS = bytes.maketrans(b"123456789", b"000000000")


class _Plain(NamedTuple):
    """A row that can be read: what is asked, what is answered, and all that is said but by the system."""

    place: int
    key: int
    prompt: str
    answer: str
    said: str


def _of_example(place: int, key: int, example: Example) -> _Plain:
    # A system prompt is the same in every row, and the company's own address may stand in it.
    said = "\n".join(content_text(message) for message in example.messages if message["role"] != "system")
    return _Plain(place, key, example.prompt_text, example.answer, said)


def _block(keys: Sequence[int], noted: list[Noted], plain: Sequence[_Plain], every: int) -> Block:
    """The columns of rows that were looked at."""
    places, readable, prompts, answers, said = zip(*plain, strict=True) if plain else ((),) * 5
    for index in may_hold_personal(said) if every else ():
        if found := find_personal(said[index]):
            noted.append(Noted(places[index], "personal-data", "; ".join(map(str, found[:3]))))
    for index, damage in find_damages(said) if every else ():
        noted.append(Noted(places[index], "damaged-text", damage.what))
    noted.sort(key=lambda one: one.place)
    vocabulary: dict[int, str] = {}
    labels = Interned()
    numbers = [labels.number(answer) if may_be_label(answer) else NO_LABEL for answer in answers]
    words = hash_words(prompts, vocabulary if labels.names else None) if every else NO_WORDS
    texts = Texts(
        np.array(places, dtype=np.int64),
        np.array(readable, dtype=np.uint64),
        np.array([said_by(answer) for answer in answers], dtype=np.uint64),
        np.array(numbers, dtype=np.int32),
        words,
        prints_of(words),
        digests_of(words),
        labels.names,
    )
    return Block(np.array(keys, dtype=np.uint64), texts, noted, vocabulary, list(prompts[::every]) if every else [])


def examine_lines(lines: bytes, form: Format, every: int = 1) -> Block:
    """The rows of whole lines, of which the blank ones are none; the prompts of each `every`-th are kept.

    With 0 their texts are not looked at: only keys, answers and what is refused is found.
    """
    # Only numbers past 64 bits need the slower way through JSON.
    quick = _LONG_NUMBER not in lines.translate(_ZEROS)
    return examine([line.rstrip(b"\r") for line in filled_lines(lines)], form, every, quick=quick)


def examine(records: Iterable[Any], form: Format, every: int = 1, *, quick: bool = False) -> Block:
    """The rows that these records are, under this format; those of a file by its bytes, others as values."""
    keys: list[int] = []
    noted: list[Noted] = []
    readable: list[_Plain] = []
    reader = _QUICK.get(form.name) if quick else None
    for place, record in enumerate(records):
        if reader is not None and (plain := reader(place, record, form)) is not None:
            keys.append(plain.key)
            readable.append(plain)
            continue
        row = read_row(place, record, form)
        key = int(row.key, 16)
        keys.append(key)
        if row.problem is not None:
            noted.append(Noted(place, row.problem.kind, row.problem.reason))
        if row.example is not None:
            readable.append(_of_example(place, key, row.example))
    return _block(keys, noted, readable, every)


def examine_examples(examples: Sequence[tuple[int, Example]]) -> Block:
    """The same of examples, each with the place of its row."""
    readable = [_of_example(place, int(example.key, 16), example) for place, example in examples]
    return _block([row.key for row in readable], [], readable, max(len(readable), 1))


# The plain way, for most rows: no field but those that every format has, and nothing wrong with any.


def _quick_chat(place: int, record: bytes, form: Format) -> _Plain | None:
    try:
        value = orjson.loads(record)
        if value.get("tools") is not None or "functions" in value:
            return None
        messages: list[Message] = value["messages"]
        roles, said = [], []
        for message in messages:
            role, content = message["role"], message["content"]
            if len(message) != 2 or type(content) is not str or not content or content.isspace():
                return None
            roles.append(role)
            said.append(content)
        return _plain(place, messages, tuple(roles), said)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None


def _quick_columns(place: int, record: bytes, form: Format) -> _Plain | None:
    try:
        value = orjson.loads(record)
        if value.get("tools") is not None:
            return None
        said = [value[name] for name in form.columns or ("prompt", "completion")]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None
    if any(type(text) is not str or not text or text.isspace() for text in said):
        return None
    roles = ("user", "assistant")
    return _plain(place, [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)], roles, said)


def _plain(place: int, messages: list[Message], roles: tuple[str, ...], said: list[str]) -> _Plain | None:
    """The row; None where its turns are not as they should be."""
    if not _sound(roles):
        return None
    told = orjson.dumps({"messages": messages, "tools": []}, option=orjson.OPT_SORT_KEYS)
    key = int.from_bytes(hashlib.sha256(told).digest()[:8], "big")
    if roles[0] == "system":
        said = said[1:]
    answer = said[-1]
    prompt = said[0] if len(said) == 2 else "\n".join(said[:-1])
    return _Plain(place, key, prompt, answer, f"{prompt}\n{answer}")


@lru_cache(4096)
def _sound(roles: tuple[str, ...]) -> bool:
    """Whether turns of these roles, none of them empty, are a conversation that nothing is to be said about."""
    messages = tuple({"role": role, "content": "-"} for role in roles)
    if len(roles) - roles.count("system") < 2 or not _SPOKEN.issuperset(roles):
        return False
    try:
        return warning(check_example(Example(messages)).messages) is None
    except Refused:
        return False


_QUICK = {
    "openai-chat": _quick_chat,
    "prompt-completion": _quick_columns,
    "question-answer": _quick_columns,
    "columns": _quick_columns,
}
