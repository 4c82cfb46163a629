"""A folder of documents, cut into passages that fit into a prompt."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ftworkbench.errors import InputError
from ftworkbench.evaluate.scripts import UNSPACED

SUFFIXES = (".txt", ".md", ".jsonl")
PASSAGE_WORDS = 150
_TEXT_KEYS = ("text", "content", "body", "passage", "contents")
_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]+")
_BREAK = re.compile(r"\n\s*\n|\n(?=#{1,6} )")  # between paragraphs, and before a heading of Markdown
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")


@dataclass(frozen=True)
class Passage:
    """A piece of a document of the folder: `source` is its file, with the number of the line for JSONL."""

    source: str
    text: str


def document_files(folder: Path) -> list[Path]:
    """The documents in a folder and those below it, in the order of their names; hidden ones are left out."""
    found = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def documents_sha256(folder: Path) -> str:
    """A hash of the names and contents of a folder's documents: 16 hex digits."""
    found = hashlib.sha256()
    for path in document_files(folder):
        found.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def read_passages(folder: Path) -> list[Passage]:
    """The passages of a folder's documents, about 150 words each: paragraphs are kept whole where they are no longer.

    A line of a .jsonl is a document: a text, or an object with its text under text, content, body, passage or contents,
    and a title where it has one. Raises InputError where a document cannot be read, or there is no text at all.
    """
    found = [
        Passage(source, text)
        for path in document_files(folder)
        for source, document in _documents(path, path.relative_to(folder).as_posix())
        for text in split(document)
    ]
    if not found:
        raise InputError(f"{folder.name}: no passage to look for in it; it needs {', '.join(SUFFIXES)} files with text")
    return found


def _documents(path: Path, name: str) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 text (byte {error.start + 1})") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    if path.suffix.lower() != ".jsonl":
        yield name, text
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"{name}:{number}", _text_of(line, f"{name}:{number}")


def _text_of(line: str, place: str) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(f"{place}: is not JSON") from None
    if isinstance(value, str):
        return value
    text = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None) if (
        isinstance(value, dict)
    ) else None  # fmt: skip
    if text is None:
        raise InputError(f"{place}: has no text; it is looked for under {', '.join(_TEXT_KEYS)}")
    title = value.get("title")
    return f"{title}\n\n{text}" if isinstance(title, str) and title.strip() else text


def split(document: str) -> list[str]:
    """A document as passages: whole paragraphs up to 150 words together; a longer one is cut between its sentences.

    A heading stays with what follows it.
    """
    passages: list[str] = []
    kept: list[str] = []
    size = 0
    for piece in _pieces(document):
        words = len(_WORD.findall(piece))
        heads = piece.startswith("#") and any(not part.startswith("#") for part in kept)
        if kept and (size + words > PASSAGE_WORDS or (heads and size > PASSAGE_WORDS // 2)):
            passages.append("\n\n".join(kept))
            kept, size = [], 0
        kept.append(piece)
        size += words
    return [*passages, "\n\n".join(kept)] if kept else passages


def _pieces(document: str) -> Iterator[str]:
    for paragraph in _BREAK.split(document):
        words = _WORD.findall(paragraph)
        if not words:
            continue
        if len(words) <= PASSAGE_WORDS:
            yield paragraph.strip()
        else:
            yield from _sentences(paragraph)


def _sentences(paragraph: str) -> Iterator[str]:
    text = paragraph.strip()
    kept: list[tuple[int, int]] = []  # where words begin and end

    def passage(words: list[tuple[int, int]]) -> str:
        return " ".join(text[words[0][0] : words[-1][1]].split())

    begins = [0, *(found.end() for found in _SENTENCE.finditer(text)), len(text)]
    for begin, end in pairwise(begins):
        words = [found.span() for found in _WORD.finditer(text, begin, end)]
        if kept and len(kept) + len(words) > PASSAGE_WORDS:
            yield passage(kept)
            kept = []
        kept += words
        while len(kept) > PASSAGE_WORDS:  # a sentence without an end
            yield passage(kept[:PASSAGE_WORDS])
            kept = kept[PASSAGE_WORDS:]
    if kept:
        yield passage(kept)
