"""Rows looked at in blocks: the quick way, the slow way and other processes find the same."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftworkbench.data.checks import readers
from ftworkbench.data.checks.blocks import Block
from ftworkbench.data.checks.check import check_files
from ftworkbench.data.checks.examine import examine, examine_lines
from ftworkbench.data.checks.fingerprints import hash_words, prints_of, words
from ftworkbench.data.checks.personal import find_personal, may_hold_personal
from ftworkbench.data.formats.format import Format
from ftworkbench.data.sources.source import open_source

TEXTS = st.text(max_size=30) | st.sampled_from(
    ["", " ", "write to ann@mail.example", "call +49 170 1234567", "Straße 漢字"]
)
ROLES = st.sampled_from(["user", "assistant", "system", "tool", "wizard"])
MESSAGES = st.fixed_dictionaries({"role": ROLES, "content": TEXTS}) | st.fixed_dictionaries(
    {"role": ROLES, "content": TEXTS, "weight": st.sampled_from([0, 1, None])}
)
CHATS = st.fixed_dictionaries({"messages": st.lists(MESSAGES, max_size=4)}) | st.fixed_dictionaries(
    {
        "messages": st.lists(MESSAGES, max_size=3),
        "tools": st.sampled_from([None, [], [{"name": "f"}]]),
        "id": st.integers(),
    }
)
PAIRS = st.fixed_dictionaries({"question": TEXTS | st.integers(), "answer": TEXTS | st.none()})


def same(one: Block, two: Block) -> None:
    for name in ("places", "keys", "says", "answers", "prints"):
        assert np.array_equal(getattr(one.texts, name), getattr(two.texts, name)), name
    assert np.array_equal(one.texts.words.flat, two.texts.words.flat)
    assert np.array_equal(one.keys, two.keys)
    assert list(one.texts.names) == list(two.texts.names)
    assert (one.noted, one.vocabulary, one.samples) == (two.noted, two.vocabulary, two.samples)


@given(st.lists(CHATS | PAIRS, max_size=6), st.sampled_from(["openai-chat", "question-answer"]))
def test_plain_rows_are_read_a_quick_way_that_finds_what_the_slow_one_does(rows: list[Any], name: str) -> None:
    form = Format(name, ("question", "answer") if name == "question-answer" else None)
    records = [json.dumps(row).encode() for row in rows] + [b'{"messages": [{"role": "user"}]}', b"[]", b"{"]
    same(examine(records, form, quick=True), examine(records, form))


def test_blank_lines_and_line_ends_are_no_rows() -> None:
    row = json.dumps({"question": "a", "answer": "b"})
    block = examine_lines(f"{row}\r\n\n  \n{row}".encode(), Format("question-answer", ("question", "answer")))
    assert block.rows == 2
    assert len(set(block.keys.tolist())) == 1


@given(st.lists(TEXTS, max_size=5))
def test_words_are_hashed_by_the_thousand_as_they_are_one_by_one(texts: list[str]) -> None:
    found = hash_words(texts)
    assert found.sizes.tolist() == [len(words(text)) for text in texts]
    for index, text in enumerate(texts):
        alone = hash_words([" ".join(words(text))])
        assert found.of(np.array([index])).flat.tolist() == alone.flat.tolist()
        assert prints_of(found)[index] == prints_of(alone)[0]


@given(TEXTS)
def test_a_text_that_holds_something_personal_passes_the_quick_look(text: str) -> None:
    assert not find_personal(text) or may_hold_personal([text]) == [0]


@pytest.mark.parametrize("packed", [False, True])
def test_other_processes_find_what_this_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    draw = random.Random(1)
    lines = [json.dumps({"question": f"{draw.random()} is {n}?", "answer": f"{n % 3}"}) for n in range(4000)]
    lines[1000] = lines[10]
    lines[2000] = "{"
    lines[3000] = ""
    text = "\n".join(lines).encode()
    path = tmp_path / ("rows.jsonl.gz" if packed else "rows.jsonl")
    path.write_bytes(gzip.compress(text) if packed else text)
    alone = check_files([path]).as_json()
    monkeypatch.setattr(readers, "_WORTH_PROCESSES", 1000)
    monkeypatch.setattr(readers, "_SPAN", 50_000)
    assert check_files([path]).as_json() == alone
    assert alone["files"][0]["rows"] == 3999
    monkeypatch.setattr(readers, "_WORTH_ONE", 1000)
    with open_source(path) as source:
        source.index_some(60)
        keys = np.concatenate([block.keys for block in readers.read_keys(source)])
        assert [f"{key:016x}" for key in keys.tolist()] == [row.key for row in source.rows()]
