"""What a row says survives being read and written in every format; damage in any container never raises."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftworkbench.data.checks.check import check_files
from ftworkbench.data.example import Example
from ftworkbench.data.formats.format import FORMATS, Format, Refused, read_example, told
from ftworkbench.data.formats.writing import write_record
from ftworkbench.data.review.curate import curate, write_rows
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.recipe.own_tables import Data

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = TEXTS.filter(str.strip)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(-1e9, 1e9) | TEXTS
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2))
EXTRA = st.dictionaries(NAMES.map(lambda name: f"x{name}"), JSON, max_size=2)
ARGUMENTS = st.dictionaries(TEXTS, JSON, max_size=2)
WEIGHTS = st.sampled_from([None, 1])
LINE = SAID.map(lambda text: " ".join(text.replace("#", "").split())).filter(str.strip)


@st.composite
def tools(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    parameters = {"type": "object", "properties": draw(st.dictionaries(NAMES, st.just({"type": "string"}), max_size=2))}
    return [{"type": "function", "function": {"name": name, "parameters": parameters}} for name in names]


@st.composite
def openai(draw: st.DrawFn) -> dict[str, Any]:
    """A chat with any of: a system turn, names, weights, reasoning, tools, calls with ids and their results."""
    offered = draw(st.none() | tools())
    messages: list[dict[str, Any]] = [{"role": "system", "content": draw(TEXTS)}] if draw(st.booleans()) else []
    for turn in range(draw(st.integers(1, 3))):
        messages.append({"role": "user", "content": draw(TEXTS), "name": draw(st.none() | NAMES)})
        if offered and draw(st.booleans()):
            name, ident = draw(st.sampled_from(offered))["function"]["name"], f"call_{turn}"
            call = {"name": name, "arguments": json.dumps(draw(ARGUMENTS))}
            calls = [{"id": ident, "type": "function", "function": call}]
            messages.append({"role": "assistant", "content": draw(st.none() | SAID), "tool_calls": calls})
            messages.append({"role": "tool", "tool_call_id": ident, "content": draw(TEXTS)})
        weight = draw(st.sampled_from([None, 0, 1]))
        messages.append({"role": "assistant", "content": draw(SAID), "weight": weight, "mood": draw(JSON)})
    messages[-1]["weight"] = draw(WEIGHTS)
    if draw(st.booleans()):
        messages[-1]["reasoning_content"] = draw(SAID)
    return {"messages": messages, **({"tools": offered} if offered else {})}


@st.composite
def sharegpt(draw: st.DrawFn) -> dict[str, Any]:
    """Turns, perhaps with calls of tools, a column for the system prompt, and a preference at the end."""
    turns: list[dict[str, Any]] = []
    offered = draw(st.none() | tools())
    for _ in range(draw(st.integers(1, 2))):
        turns.append({"from": draw(st.sampled_from(["human", "user"])), "value": draw(TEXTS)})
        if offered:
            call = {"name": offered[0]["function"]["name"], "arguments": draw(ARGUMENTS)}
            turns.append({"from": "function_call", "value": json.dumps(call)})
            turns.append({"from": draw(st.sampled_from(["observation", "tool"])), "value": draw(TEXTS)})
        answer = {"from": draw(st.sampled_from(["gpt", "assistant"])), "value": draw(SAID), "weight": draw(WEIGHTS)}
        turns.append({**answer, "mood": draw(JSON)})
    record: dict[str, Any] = {"conversations": turns}
    if draw(st.booleans()):
        record["system"] = draw(TEXTS)
    if offered:
        record["tools"] = json.dumps([tool["function"] for tool in offered])
    if draw(st.booleans()):
        record["chosen"] = {k: v for k, v in turns.pop().items() if k in {"from", "value"}}
        record["rejected"] = {"from": "gpt", "value": draw(SAID), "score": 1}
    return record


@st.composite
def alpaca(draw: st.DrawFn) -> dict[str, Any]:
    optional = {
        "input": TEXTS,
        "system": TEXTS,
        "history": st.lists(st.tuples(SAID, SAID).map(list), max_size=2),
    }
    record = {"instruction": draw(SAID), "output": draw(SAID)}
    return {**record, **draw(st.fixed_dictionaries({}, optional=optional))}


@st.composite
def preference(draw: st.DrawFn) -> dict[str, Any]:
    chosen, worse = draw(st.lists(SAID, min_size=2, max_size=2, unique=True))
    how = draw(st.sampled_from(["plain", "implicit", "explicit"]))
    if how == "plain":
        return {"prompt": draw(SAID), "chosen": chosen, "rejected": worse}
    talk = draw(openai())
    asked = [{k: v for k, v in turn.items() if v is not None and k != "mood"} for turn in talk.pop("messages")]
    asked.append({"role": "user", "content": draw(SAID)})
    turns = [[{"role": "assistant", "content": said}] for said in (chosen, worse)]
    if how == "implicit":
        return {**talk, "chosen": asked + turns[0], "rejected": asked + turns[1]}
    return {**talk, "prompt": asked, "chosen": turns[0], "rejected": turns[1]}


@st.composite
def pairs(draw: st.DrawFn, prompt: str, answer: str) -> dict[str, Any]:
    """A question and its answer, as texts or as turns."""
    if draw(st.booleans()):
        return {prompt: draw(SAID), answer: draw(SAID | st.integers() | st.floats(-9, 9))}
    talk = draw(openai())
    turns = [{k: v for k, v in turn.items() if v is not None and k != "mood"} for turn in talk.pop("messages")]
    return {**talk, prompt: turns[:-1], answer: turns[-1:]}


COLUMNS = ("p q", "ä")
RECORDS: dict[str, st.SearchStrategy[Any]] = {
    "openai-chat": openai(),
    "sharegpt": sharegpt(),
    "alpaca": alpaca(),
    "prompt-completion": pairs("prompt", "completion"),
    "question-answer": pairs("question", "answer"),
    "columns": pairs(*COLUMNS),
    "preference": preference(),
    "unpaired-preference": st.builds(lambda a, b: {**a, "label": b}, pairs("prompt", "completion"), st.booleans()),
    "text": st.tuples(LINE, LINE).map(" ### ".join),
    "raw-text": st.fixed_dictionaries({"text": SAID}),
}
FORMS = {name: Format(name, COLUMNS) if name == "columns" else told(name, None, None) for name in FORMATS}


def test_every_format_is_tried() -> None:
    assert set(RECORDS) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_record_survives_being_read_and_written(name: str) -> None:
    form = FORMS[name]
    assert form is not None

    @settings(max_examples=40, deadline=None)
    @given(record=RECORDS[name], extra=EXTRA, answer=LINE)
    def holds(record: Any, extra: dict[str, Any], answer: str) -> None:
        if isinstance(record, dict):
            record = {**extra, **record}
        line = record.encode() if isinstance(record, str) else json.dumps(record).encode()
        if isinstance(record, dict) and record.get("label") is False:
            with pytest.raises(Refused, match="not wanted"):
                read_example(line, form)
            return
        found = read_example(line, form)
        for example in (found, edited(found, answer)):
            back = write_record(example, form, 1)
            again = read_example(back if isinstance(back, bytes) else json.dumps(back).encode(), form)
            assert again == example
            assert again.key == example.key
            if isinstance(record, dict):
                assert {key: back[key] for key in extra} == json.loads(json.dumps(extra))
                assert back.keys() >= record.keys()
                assert moods(back) == moods(record)

    holds()


def edited(example: Example, answer: str) -> Example:
    """The example with another last answer, as an edit leaves it."""
    role = example.messages[-1]["role"]
    return example.edited([*example.messages[:-1], {**example.messages[-1], "role": role, "content": answer}])


def moods(record: dict[str, Any]) -> list[Any]:
    """What turns say beside that which is trained."""
    turns = record.get("messages") or record.get("conversations") or []
    return [turn.get("mood") for turn in turns]


# Containers

CHAT = {"messages": [{"role": "user", "content": "wo liegt Köln?"}, {"role": "assistant", "content": "am Rhein"}]}
LINES = "".join(json.dumps({**CHAT, "n": number}, ensure_ascii=False) + "\n" for number in range(6)).encode()
ROWS = [{"prompt": f'say "{n}",\nplease', "completion": f"no;\t{n}", "n": n} for n in range(8)]


def table(mark: str) -> bytes:
    import csv

    text = io.StringIO()
    writer = csv.DictWriter(text, ["prompt", "completion", "n"], delimiter=mark)
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue().encode()


def parquet() -> bytes:
    import polars

    file = io.BytesIO()
    polars.DataFrame(ROWS).write_parquet(file, row_group_size=3)
    return file.getvalue()


def arrow(new: str) -> bytes:
    import pyarrow

    held = pyarrow.Table.from_pylist(ROWS)
    sink = pyarrow.BufferOutputStream()
    with getattr(pyarrow.ipc, new)(sink, held.schema) as file:
        file.write_table(held, max_chunksize=3)
    return bytes(sink.getvalue().to_pybytes())


def zstandard(data: bytes) -> bytes:
    import pyarrow

    return bytes(pyarrow.compress(data, codec="zstd", asbytes=True))


CONTAINERS: dict[str, Callable[[], bytes]] = {
    "rows.csv": lambda: table(","),
    "semicolons.csv": lambda: table(";"),
    "rows.tsv": lambda: table("\t"),
    "rows.parquet": parquet,
    "stream.arrow": lambda: arrow("new_stream"),
    "file.arrow": lambda: arrow("new_file"),
    "rows.jsonl.gz": lambda: gzip.compress(LINES),
    "rows.csv.gz": lambda: gzip.compress(table(",")),
    "rows.jsonl.zst": lambda: zstandard(LINES),
    "rows.jsonl": lambda: LINES.decode().encode("utf-16"),
    "rows.json": lambda: json.dumps(ROWS).encode(),
    "rows.txt": lambda: b"a line\nand ### an answer\n\n{\n",
}
KINDS = st.sampled_from(["cut", "flip", "insert", "quote", "repeat", "zeros"])
HARM = st.lists(st.tuples(KINDS, st.integers(0, 1 << 16), st.binary(min_size=1, max_size=6)), min_size=1, max_size=4)


def harmed(content: bytes, harm: list[tuple[str, int, bytes]]) -> bytes:
    for kind, place, junk in harm:
        at = place % (len(content) + 1)
        if kind == "cut":
            content = content[:at]
        elif kind == "flip" and at < len(content):
            content = content[:at] + bytes([content[at] ^ (1 << place % 8)]) + content[at + 1 :]
        elif kind == "repeat":
            content = content[:at] + content[at // 2 :]
        else:
            put = {"insert": junk, "quote": b'"', "zeros": bytes(len(junk))}.get(kind, b"")
            content = content[:at] + put + content[at:]
    return content


def why_not(path: Path, data: Data | None) -> str:
    """Why a file is refused whole; empty where it is not."""
    try:
        open_source(path, data).close()
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", CONTAINERS)
def test_damage_in_any_container_loses_no_row_without_a_word(name: str) -> None:
    whole = CONTAINERS[name]()

    @settings(max_examples=40, deadline=None)
    @given(harm=HARM, data=st.sampled_from([None, Data(train=name, format="prompt-completion")]))
    def holds(harm: list[tuple[str, int, bytes]], data: Data | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(harmed(whole, harm))
            refused = why_not(path, data)
            assert "\n" not in refused
            if refused:
                return
            (file,) = check_files([path], data).files
            with open_source(path, data) as source:
                rows = list(source.rows())
                curated = curate(rows)
            assert file.kept + file.refused + file.fates["duplicate"] + file.fates["rejected"] == file.rows == len(rows)
            assert file.refused == sum(row.refused for row in rows)
            assert curated.fates["kept"] == file.kept
            if file.format != "text":
                write_rows(curated, Path(folder) / "out", source.format)

    holds()


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_all_its_rows_where_nothing_is_wrong(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(CONTAINERS[name]())
    with open_source(path) as source:
        rows = list(source.rows())
    expected = {"rows.txt": 3, "rows.jsonl": 6, "rows.jsonl.gz": 6, "rows.jsonl.zst": 6}.get(name, len(ROWS))
    assert (len(rows), sum(row.refused for row in rows)) == (expected, 0)
