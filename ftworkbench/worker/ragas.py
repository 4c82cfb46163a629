"""RAGAS: its metrics of the answers whose rows carry contexts. The library has the prompts and the arithmetic, in a
process of its own; what its prompts ask is asked from here, as a judge is, and kept with the judgements."""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ftworkbench.data.example import Example, content_text
from ftworkbench.errors import JobError
from ftworkbench.evaluate.contestants import Endpoint
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.ragas import Scored, ragas_json
from ftworkbench.files import replace_file
from ftworkbench.ragas_place import how_to_get, missing_ragas, ragas_python
from ftworkbench.recipe.ragas_table import FAITHFULNESS, PRECISION, RECALL, RELEVANCY, Ragas
from ftworkbench.worker.endpoint_reply import counted, kind
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.ragas_asking import OVER_BUDGET, RagasAsking, request_key
from ftworkbench.worker.ragas_process import MissingError, RagasProcess, ragas_process
from ftworkbench.worker.work import Work

Systems = Sequence[tuple[str, Sequence[Output]]]
CUT_OFF = "cut off at ragas.max_tokens"
_NOT_OF_THE_SERVER = ("unreadable", "no statement", "an answer is missing", "ragas failed", OVER_BUDGET, CUT_OFF)
_NO_EMBEDDINGS = (
    "answer_relevancy is not measured: it compares questions by their embeddings, and ragas.embeddings names no model "
    "of the server for them"
)
_GIVEN = {
    FAITHFULNESS: ("user_input", "response", "retrieved_contexts"),
    RELEVANCY: ("user_input", "response"),
    PRECISION: ("user_input", "reference", "retrieved_contexts"),
    RECALL: ("user_input", "reference", "retrieved_contexts"),
}


@dataclass(frozen=True)
class _Item:
    """One metric of one system's answer to the row at `place`."""

    place: int
    system: str
    metric: str
    given: Mapping[str, Any]


def ragas_not_yet(work: Work) -> dict[str, Any]:
    """The `ragas` of verdict.json before there are figures, or where the evaluation ended before."""
    text = "no figures yet: they are being asked for, or the evaluation ended before; resume it then"
    return {**_about(work.recipe.ragas), "n": 0, "problem": text}


def _about(table: Ragas) -> dict[str, Any]:
    return {"model": table.model, "endpoint": table.endpoint, "embeddings": table.embeddings}


def measure_ragas(
    work: Work, measuring: Measuring, examples: Sequence[Example], systems: Systems, groups: Sequence[Hashable]
) -> dict[str, Any]:
    """The `ragas` of verdict.json; what came of each row is in `outputs/ragas.jsonl`.

    `systems` are (name, outputs). Raises JobError where more figures than the recipe allows failed at the server:
    resumed, only what has no reply is asked again.
    """
    table = work.recipe.ragas
    missing = missing_ragas(table.python)
    if missing:
        return _without(work, missing)
    metrics = [name for name in table.metrics if name != RELEVANCY or table.embeddings]
    notes = [] if len(metrics) == len(table.metrics) else [_NO_EMBEDDINGS]
    items, silent = _items(table, metrics, examples, systems)
    if not items and not silent:
        column = f"no test row has a column {table.contexts!r} with texts, and none was answered with retrieval"
        text = f"nothing to measure: {column}" if metrics else _NO_EMBEDDINGS
        return _without(work, text)
    notes += [f"{len(silent):,} answers are missing, and have no figures"] if silent else []
    for note in notes:
        work.notice(f"ragas: {note}", "ragas", level="info")
    asking = RagasAsking(work, measuring, len(items))
    if items:
        work.notice(_said(table, asking.endpoint, items), "ragas-asked", level="info")
    try:
        found, library = _run(work, asking, items)
    except MissingError as error:
        return _without(work, f"RAGAS cannot be used ({error}). To get it: {how_to_get()}")
    scored = [*found, *silent]
    _write(work, scored, examples)
    _say_what_failed(work, scored, examples)
    return {
        **_about(table),
        "ragas": library,
        "notes": notes,
        **ragas_json(scored, [name for name, _ in systems], metrics, groups),
        **asking.figures(),
    }


def _said(table: Ragas, endpoint: Endpoint, items: Sequence[_Item]) -> str:
    """What is about to be asked, and what that may cost. How long most prompts are is known only as replies come."""
    # A call for each metric, but for two of faithfulness, and one for each passage of context_precision.
    calls = {FAITHFULNESS: 2}
    requests = sum(
        len(each.given["retrieved_contexts"]) if each.metric == PRECISION else calls.get(each.metric, 1)
        for each in items
    )
    tokens = requests * table.max_tokens
    text = (
        f"ragas: asks {table.model} at {table.endpoint} for {len(items):,} figures: at most {requests:,} requests, "
        f"with at most {tokens:,} tokens of replies; what is known already is not asked again"
    )
    most = endpoint.cost(0, tokens)
    if most is None:
        return f"{text}; the recipe says no prices"
    text = f"{text}: at most {most:.3g} for replies by the recipe's prices, and the prompts"
    return text if table.budget is None else f"{text}, and at most {table.budget:g} in all by ragas.budget"


def _without(work: Work, text: str) -> dict[str, Any]:
    work.notice(f"ragas: {text}", "ragas-not-measured")
    return {**_about(work.recipe.ragas), "n": 0, "problem": text}


def _items(
    table: Ragas, metrics: Sequence[str], examples: Sequence[Example], systems: Systems
) -> tuple[list[_Item], list[Scored]]:
    """What is to be measured of the rows that carry contexts, and what cannot be, for want of an answer."""
    rows = range(len(examples))
    places = [row for row in rows if any(_contexts(table, examples, each, row) for each in systems)]
    if table.limit is not None and table.limit < len(places):
        places = sorted(Random(table.seed).sample(places, table.limit))
    items, silent = [], []
    for place in places:
        for name, outputs in systems:
            contexts = _contexts(table, examples, (name, outputs), place)
            if not contexts:
                continue
            output = outputs[place]
            whole = {
                "user_input": _question(examples[place]),
                "response": output.answer,
                "reference": examples[place].answer,
                "retrieved_contexts": contexts,
            }
            for metric in metrics:
                given = {field: whole[field] for field in _GIVEN[metric]}
                if "response" in given and (output.error or not output.answer.strip()):
                    silent.append(Scored(place, name, metric, None, "an answer is missing"))
                else:
                    items.append(_Item(place, name, metric, given))
    return items, silent


def _contexts(table: Ragas, examples: Sequence[Example], system: tuple[str, Sequence[Output]], place: int) -> list[str]:
    """The passages that the answer was given; else those of the row's own column."""
    if system[1][place].contexts:
        return list(system[1][place].contexts)
    original = examples[place].original
    found = original.get(table.contexts) if isinstance(original, Mapping) else None
    texts = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return [text for text in texts if isinstance(text, str) and text.strip()]


def _question(example: Example) -> str:
    asked = [content_text(each) for each in example.prompt if each["role"] == "user"]
    return asked[-1] if asked else "\n".join(content_text(each) for each in example.prompt)


# -------------------------------------------------------------------------------------------------
# The process, and what it asks


def _run(work: Work, asking: RagasAsking, items: Sequence[_Item]) -> tuple[list[Scored], str]:
    sent = [{"id": place, "metric": item.metric, "given": dict(item.given)} for place, item in enumerate(items)]
    found: dict[int, Scored] = {}
    library = ""
    with ragas_process(work, ragas_python(work.recipe.ragas.python), sent) as process:
        while True:
            said = process.hear()
            if "end" in said:
                break
            if "ragas" in said:
                library = str(said["ragas"])
            elif "ask" in said:
                _answer(process, asking, said["ask"])
            else:
                item = items[int(said["id"])]
                found[int(said["id"])] = Scored(
                    item.place, item.system, item.metric, said.get("score"), str(said.get("error") or "")
                )
                asking.tell(len(found))
    return [found[place] for place in sorted(found)], library


def _answer(process: RagasProcess, asking: RagasAsking, asked: Sequence[Mapping[str, Any]]) -> None:
    replies = asking.replies(asked)
    told: dict[str, dict[str, Any]] = {}
    for request in asked:
        reply = replies[request_key(asking.table, request)]
        if reply.error:
            told[request["id"]] = {"error": reply.error}
        elif "embed" in request:
            vector = array("f")
            vector.frombytes(base64.b64decode(reply.text))
            told[request["id"]] = {"vector": list(vector)}
        elif reply.finish == "length":
            told[request["id"]] = {"error": f"{CUT_OFF}: the reply was not finished"}
        else:
            told[request["id"]] = {"text": reply.text}
    process.send(replies=told)


# -------------------------------------------------------------------------------------------------
# What failed


def _say_what_failed(work: Work, scored: Sequence[Scored], examples: Sequence[Example]) -> None:
    """Names the rows without a figure. Raises JobError where more failed at the server than the recipe allows."""
    without = [each for each in scored if each.error]
    if not without:
        return
    rows = list(dict.fromkeys(examples[each.place].key for each in without))
    why = counted(each.error for each in without)
    text = f"ragas: {len(without)} of {len(scored)} figures are missing, on {len(rows)} rows: {why}"
    work.notice(f"{text}; the first: {without[0].error}", "ragas-failed", rows=rows)
    failed = [each.error for each in without if kind(each.error) not in (*_NOT_OF_THE_SERVER, "no embeddings")]
    if len(failed) > work.recipe.ragas.allow_failed * len(scored):
        raise JobError(
            f"ragas: {len(failed)} of {len(scored)} figures could not be had ({counted(failed)}): "
            "resume the job, which asks for those again and no others"
        )


def _write(work: Work, scored: Sequence[Scored], examples: Sequence[Example]) -> None:
    """A line for each figure, in `outputs/ragas.jsonl`."""
    work.job.outputs.mkdir(exist_ok=True)
    lines = [json.dumps({"row": examples[each.place].key, **each.as_json()}, allow_nan=False) for each in scored]
    replace_file(work.job.outputs / "ragas.jsonl", "".join(f"{line}\n" for line in lines).encode("ascii"))
