"""The figures of an evaluation in its report: scores, other skills, answers, fields, judge, RAGAS, serving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ftworkbench.evaluate.judge.words import judge_words, label_hint
from ftworkbench.evaluate.ragas import HEADS as RAGAS_HEADS
from ftworkbench.evaluate.ragas import ragas_rows, ragas_title
from ftworkbench.evaluate.serving import HEADS, serving_notes, serving_rows, serving_title
from ftworkbench.figures import interval, p_value, percent
from ftworkbench.report.blocks import Block, Bullets, Heading, Table

_LENGTHS = ("characters", "tokens", "cut_off")


def figures_blocks(found: Mapping[str, Any]) -> Iterator[Block]:
    """The blocks of all figures in a verdict.json but those of labels; none of what was not measured."""
    yield from _scores(found)
    yield from _answers(found.get("systems") or ())
    yield from _fields(found.get("systems") or ())
    yield from _judge(found.get("judge"))
    yield from _ragas(found.get("ragas"))
    yield from _serving(found.get("serving"))


def _scores(found: Mapping[str, Any]) -> Iterator[Block]:
    for title, systems in (
        (f"On the {found['n']:,} test rows", found.get("systems") or ()),
        ("The prompts, on the validation rows", found.get("contestants") or ()),
    ):
        if systems:
            yield Heading(2, title)
            yield _systems(systems)
    tested = found.get("metrics") or ()
    if tested:
        yield Heading(3, "Each metric's own test")
        rows = tuple(
            (
                str(each["metric"]), percent(each["baseline"]), percent(each["tuned"]),
                interval(each.get("interval"), signed=True), p_value(each.get("p_adjusted")), str(each["word"]),
            )
            for each in tested
        )  # fmt: skip
        head = ("metric", "baseline", "tuned", f"difference in points, {_confidence(found)}", "p, after Holm", "")
        yield Table(head, rows, frozenset({1, 2}))
    yield from _suites(found)


def _confidence(found: Mapping[str, Any]) -> str:
    """Of the intervals of differences: what alpha leaves."""
    return f"{100 * (1 - float((found.get('verdict') or {}).get('alpha', 0.05))):g}%"


def _suites(found: Mapping[str, Any]) -> Iterator[Block]:
    suites = found.get("regression") or ()
    if not suites:
        return
    yield Heading(2, "Other skills")
    rows = tuple(
        (
            str(each["suite"]), percent(each.get("before")), percent(each.get("after")),
            interval(each.get("interval"), signed=True), f"{100 * each['margin']:g}", str(each["word"]),
            f"{each['n']:,}",
        )
        for each in suites
    )  # fmt: skip
    head = ("suite", "before", "after", f"difference in points, {_confidence(found)}", "margin", "", "n")
    yield Table(head, rows, frozenset({1, 2, 4, 6}))


def _systems(systems: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for system in systems for name in system["metrics"]))
    rows = []
    for system in systems:
        cells = [str(system["name"])]
        for name in names:
            metric = system["metrics"].get(name)
            cells.append(f"{percent(metric['value'])} {interval(metric.get('interval'))}".strip() if metric else "")
        rows.append(tuple(cells))
    return Table(("", *names), tuple(rows), frozenset(range(1, len(names) + 1)))


def _answers(systems: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """How long the answers are, how many were cut off, and the figures of all rows together."""
    measured = [(str(each["name"]), each["figures"]) for each in systems if each.get("figures")]
    if not measured:
        return
    rest = list(dict.fromkeys(name for _, figures in measured for name in figures if name not in _LENGTHS))
    rows = []
    for name, figures in measured:
        tokens = figures["tokens"]
        lengths = (tokens["mean"], tokens["median"], tokens["most"], figures["characters"]["mean"])
        cells = [f"{value:,.1f}".removesuffix(".0") for value in lengths]
        rows.append((name, *cells, f"{figures['cut_off']:,}", *(_of_all(each, figures.get(each)) for each in rest)))
    yield Heading(2, "The answers")
    head = ("", "tokens, mean", "median", "most", "characters, mean", "cut off", *map(_title, rest))
    yield Table(head, tuple(rows), frozenset(range(1, len(head))))


def _title(name: str) -> str:
    return "perplexity of the references" if name == "perplexity" else name.replace("_", " ")


def _of_all(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if name == "perplexity" else f"{100 * value:.1f}"


def _fields(systems: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    measured = [each for each in systems if (each.get("fields") or {}).get("fields")]
    if not measured:
        return
    yield Heading(2, "Fields of the JSON answers")
    rows = tuple(
        (
            str(system["name"]), str(each["field"]), percent(each["right"] / each["n"]) if each["n"] else "",
            *(f"{each[kind]:,}" for kind in ("wrong", "missing", "extra")),
        )
        for system in measured
        for each in system["fields"]["fields"]
    )  # fmt: skip
    yield Table(("", "field", "right", "wrong", "missing", "extra"), rows, frozenset({2, 3, 4, 5}))
    told = tuple(
        f"{system['name']}: {fields['no_object']:,} of {fields['n']:,} answers are no JSON object: "
        "all their fields are missing"
        for system in measured
        if (fields := system["fields"]).get("no_object")
    )
    if told:
        yield Bullets(told)


def _judge(judge: Mapping[str, Any] | None) -> Iterator[Block]:
    if judge:
        yield Heading(2, "What a judge says of the answers")
        hint = label_hint(judge)
        yield Bullets((*judge_words(judge), *([f"`ftworkbench label JOB` {hint}"] if hint else [])))


def _serving(serving: Mapping[str, Any] | None) -> Iterator[Block]:
    if serving:
        yield Heading(2, "What serving takes")
        yield Table(("", *HEADS[1:]), tuple(serving_rows(serving)))
        yield Bullets((serving_title(serving), *serving_notes(serving)))


def _ragas(ragas: Mapping[str, Any] | None) -> Iterator[Block]:
    if ragas:
        yield Heading(2, "Answers and their passages, by RAGAS")
        if rows := ragas_rows(ragas):
            yield Table(("", *RAGAS_HEADS[1:]), tuple(rows), frozenset({4}))
        told = [ragas_title(ragas), *(ragas.get("notes") or ())]
        yield Bullets((*map(str, told), *([str(ragas["problem"])] if ragas.get("problem") else [])))
