"""Whatever is in a file: no exception escapes, every row is counted, and what is sound survives a round trip."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftworkbench.data.checks.check import check_files
from ftworkbench.data.formats.format import Format, read_example
from ftworkbench.data.formats.writing import write_record
from ftworkbench.data.review.curate import curate, write_rows
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.review.search import completions, parse_filter
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SAID = TEXTS.filter(str.strip)
ONE_LINE = SAID.map(lambda text: " ".join(text.replace("#", "").split())).filter(str.strip)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
EXTRA = st.dictionaries(TEXTS.map(lambda name: f"x{name}"), JSON, max_size=2)
CALLS = st.lists(
    st.fixed_dictionaries({"name": SAID, "arguments": st.dictionaries(TEXTS, JSON, max_size=2)}), min_size=1, max_size=2
)


@st.composite
def conversations(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Canonical messages: perhaps a system message, turns, perhaps a tool call and its result."""
    messages: list[dict[str, Any]] = []
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(SAID)})
    for _ in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(SAID)})
        if draw(st.booleans()):
            calls = [{"type": "function", "function": call} for call in draw(CALLS)]
            messages.append({"role": "assistant", "content": "", "tool_calls": calls})
            messages.append({"role": "tool", "content": draw(SAID)})
        messages.append({"role": "assistant", "content": draw(SAID)})
    return messages


def as_openai(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    turns = []
    for message in messages:
        turn = dict(message)
        if "tool_calls" in turn:
            functions = [call["function"] for call in turn["tool_calls"]]
            turn["content"] = None
            turn["tool_calls"] = [
                {"type": "function", "function": {**one, "arguments": json.dumps(one["arguments"])}}
                for one in functions
            ]
        turns.append(turn)
    return turns


@settings(max_examples=60, deadline=None)
@given(messages=conversations(), extra=EXTRA)
def test_chats_round_trip_through_the_canonical_example(messages: list[dict[str, Any]], extra: dict[str, Any]) -> None:
    record = {**extra, "messages": as_openai(messages)}
    form = Format("openai-chat")
    found = read_example(json.dumps(record).encode(), form)
    assert found.messages == tuple(json.loads(json.dumps(messages)))
    back = write_record(found, form, 1)
    assert back == json.loads(json.dumps(record)) or read_example(back, form) == found
    sharegpt = write_record(read_example({"messages": as_openai(messages)}, form), Format("sharegpt"), 1)
    again = read_example(sharegpt, Format("sharegpt"))
    assert again.key == found.key


@settings(max_examples=60, deadline=None)
@given(prompt=SAID, answer=SAID, extra=EXTRA)
def test_columns_round_trip_through_the_canonical_example(prompt: str, answer: str, extra: dict[str, Any]) -> None:
    for name, columns in [
        ("question-answer", ("question", "answer")),
        ("prompt-completion", ("prompt", "completion")),
        ("columns", ("p q", "ä")),
    ]:
        form = Format(name, columns)
        record = {**extra, columns[0]: prompt, columns[1]: answer}
        found = read_example(json.dumps(record).encode(), form)
        assert write_record(found, form, 1) == record


@settings(max_examples=60, deadline=None)
@given(prompt=ONE_LINE, answer=ONE_LINE)
def test_text_lines_round_trip_through_the_canonical_example(prompt: str, answer: str) -> None:
    line = f"{prompt} ### {answer}".encode()
    found = read_example(line, Format("text"))
    assert found.answer == answer.strip()
    assert write_record(found, Format("text"), 1) == line


@settings(max_examples=60, deadline=None)
@given(
    asked=SAID, given=st.none() | TEXTS, answer=SAID, history=st.lists(st.tuples(SAID, SAID), max_size=2), extra=EXTRA
)
def test_instructions_round_trip_through_the_canonical_example(
    asked: str, given: str | None, answer: str, history: list[tuple[str, str]], extra: dict[str, Any]
) -> None:
    form = Format("alpaca")
    record = {**extra, "instruction": asked, "output": answer}
    if given is not None:
        record["input"] = given
    if history:
        record["history"] = [list(pair) for pair in history]
    found = read_example(json.dumps(record).encode(), form)
    assert found.answer == answer
    assert given is None or given.strip() in found.prompt_text
    assert read_example(write_record(found, form, 1), form) == found
    edited = found.edited([*found.messages[:-1], {"role": "assistant", "content": "mended"}])
    assert read_example(write_record(edited, form, 1), form) == edited


@settings(max_examples=60, deadline=None)
@given(
    prompt=conversations(), chosen=SAID, worse=SAID, extra=EXTRA, how=st.sampled_from(["plain", "implicit", "explicit"])
)
def test_preference_pairs_round_trip_through_the_canonical_example(
    prompt: list[dict[str, Any]], chosen: str, worse: str, extra: dict[str, Any], how: str
) -> None:
    form = Format("preference")
    asked = [*as_openai(prompt), {"role": "user", "content": "And?"}]
    turns = [[{"role": "assistant", "content": said}] for said in (chosen, worse)]
    if how == "plain":
        record = {**extra, "prompt": "And?", "chosen": chosen, "rejected": worse}
    elif how == "implicit":
        record = {**extra, "chosen": asked + turns[0], "rejected": asked + turns[1]}
    else:
        record = {**extra, "prompt": asked, "chosen": turns[0], "rejected": turns[1]}
    found = read_example(json.dumps(record).encode(), form)
    assert found.answer == chosen
    assert [message["content"] for message in found.rejected] == (
        [worse] if worse != chosen or how != "implicit" else []
    )
    back = write_record(found, form, 1)
    assert read_example(back, form) == found
    assert {name: value for name, value in back.items() if name in extra} == extra


CLEAN = [
    b'{"messages": [{"role": "user", "content": "caf\xc3\xa9?"}, {"role": "assistant", "content": "yes"}]}',
    b'{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "tools": "[]"}',
    b'{"question": "2 + 2", "answer": "4", "id": 123456789012345678901}',
    b'{"prompt": [{"role": "user", "content": "a"}], "completion": "b"}',
    b'{"instruction": "add", "input": "2, 3", "output": "5"}',
    b'{"prompt": "a", "chosen": "b", "rejected": "c"}',
    b'{"prompt": "a", "completion": "b", "label": false}',
    b"it was nice ### Positive",
    b"question,answer",
    b'"2, 3","fi""ve"',
    b"",
]
WHOLE = (b"PK\x03\x04", b"PAR1", b"SQLite format 3", b"\x28\xb5\x2f\xfd", b"\x1f\x8b")
DAMAGE = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=4)), max_size=8)


def damaged(lines: list[bytes], changes: list[tuple[int, int, bytes]], end: bytes) -> bytes:
    content = bytearray(end.join(lines))
    for place, length, junk in changes:
        at = place % (len(content) + 1)
        content[at : at + length] = junk
    return bytes(content)


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(st.sampled_from(CLEAN), max_size=8),
    changes=DAMAGE,
    end=st.sampled_from([b"\n", b"\r\n", b"\n\n"]),
    name=st.sampled_from(["rows.jsonl", "rows.json", "rows.txt", "rows.csv", "rows.tsv"]),
)
@example(lines=[b'{"messages": ' + b"[" * 3000], changes=[], end=b"\n", name="rows.jsonl")
@example(lines=[b"[" * 900 + b"]" * 900], changes=[], end=b"\n", name="rows.json")
@example(
    lines=[b'{"messages": [{"role": {}, "content": []}]}', b"null", b"1e999", b"NaN"],
    changes=[],
    end=b"\n",
    name="rows.jsonl",
)
def test_a_damaged_file_never_raises_and_every_row_is_accounted_for(
    lines: list[bytes], changes: list[tuple[int, int, bytes]], end: bytes, name: str
) -> None:
    content = damaged(lines, changes, end)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            report = check_files([path], ledger=Ledger.open(Path(folder) / "ledger.jsonl"))
        except InputError:
            # Whole files may be refused: binary ones, .json files that are no JSON, and tables without a header.
            refusable = name in {"rows.json", "rows.csv", "rows.tsv"} or any(byte < 32 for byte in content)
            assert refusable or content.startswith(WHOLE)
            return
        (file,) = report.files
        assert file.kept + file.refused + file.fates["duplicate"] == file.rows == sum(file.fates.values())
        with open_source(path) as source:
            numbers = [row.number for row in source.rows()]
        assert {problem.row for problem in file.problems} <= set(numbers)
        assert len(numbers) == file.rows
        otherwise = content.startswith((b"\xff\xfe", b"\xfe\xff", *WHOLE)) or content.lstrip().startswith(
            (b"[", b"\xef")
        )
        if name in {"rows.jsonl", "rows.txt"} and not otherwise:
            assert numbers == [number for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
        with open_source(path) as source:
            curated = curate(source.rows())
            if str(source.format) != "text":
                write_rows(curated, Path(folder) / "out.jsonl", source.format)


@settings(max_examples=80, deadline=None)
@given(line=st.text(max_size=30) | st.from_regex(r"(tag|status|len|role|-)?[:<>/]?.{0,8}", fullmatch=True))
def test_any_filter_line_is_a_filter_or_an_error_for_people(line: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_bytes(CLEAN[0])
        with open_source(path) as source, suppress(InputError):
            parse_filter(line).matches(source.row(0))
    completions(line)
