"""A report of an evaluation for people who weren't there: what was found, on what it rests, how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.evaluate.confusions import label_tables, macro_f1, most_confused
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.ragas import HEADS as RAGAS_HEADS
from ftworkbench.evaluate.ragas import ragas_rows, ragas_title
from ftworkbench.evaluate.serving import HEADS, serving_notes, serving_rows, serving_title
from ftworkbench.figures import count, duration, interval, p_value, percent
from ftworkbench.files import replace_file
from ftworkbench.jobs.curve import decimate, smooth
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job, read_manifest, result
from ftworkbench.jobs.past import past_of
from ftworkbench.jobs.story import Story
from ftworkbench.report.blocks import (
    Block,
    Bullets,
    Chart,
    Curve,
    Folded,
    Heading,
    Paragraph,
    Table,
    Verbatim,
)
from ftworkbench.report.html import as_html
from ftworkbench.report.markdown import as_markdown
from ftworkbench.steps.evaluation import GAINED, LOST, Evaluation, Pair, read_evaluation
from ftworkbench.steps.verdicts import VOID, is_void

_EXAMPLES = 12  # rows of each fate
_CONFUSED = 15
_COLUMNS = 400  # points of a curve
_SMOOTH = 0.9


def write_report(evaluation: Job, folder: Path) -> tuple[Path, Path]:
    """Writes `report.md` and `report.html` of an evaluation into `folder`, and gives their paths.

    Raises InputError where it has measured nothing that can be read.
    """
    document = list(report_of_evaluation(evaluation))
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "report.md", folder / "report.html"
    for path, text in zip(written, (as_markdown(document), as_html(document)), strict=True):
        replace_file(path, text.encode("utf-8"))
    return written


def report_of_evaluation(evaluation: Job) -> Iterator[Block]:
    """The report's blocks. Raises InputError where the evaluation has measured nothing that can be read."""
    measured = read_evaluation(evaluation)
    found = measured.found
    if found is None:
        raise InputError(measured.problem or f"{evaluation.short}: has measured nothing yet")
    manifest = read_manifest(evaluation)
    yield Heading(1, f"{manifest['recipe']}: {_first_line(found)}")
    if is_void(evaluation):
        yield Paragraph(VOID)
    yield from _conclusion(found)
    yield from _scores(found)
    yield from _labels(found)
    yield from _ragas(found.get("ragas"))
    yield from _serving(found.get("serving"))
    train_job = Job(Path(manifest["args"]["job"])) if manifest["args"].get("job") else None
    if train_job is not None and train_job.path.is_dir():
        yield from _training(train_job)
    yield from _examples(measured)
    yield from _rests_on(evaluation, train_job, found)


def _first_line(found: Mapping[str, Any]) -> str:
    verdict = found.get("verdict")
    if verdict:
        return str(verdict.get("headline") or verdict["word"])
    return f"the baseline, {found.get('chosen') or 'measured'}"


def _conclusion(found: Mapping[str, Any]) -> Iterator[Block]:
    verdict = found.get("verdict")
    if verdict:
        yield Bullets(tuple(str(line) for line in verdict.get("reasons") or ()))
    advice = found.get("advice")
    if advice and not verdict:
        yield Bullets((f"advice: {advice['word']}", *map(str, advice["reasons"])))
    card = found.get("card") or {}
    if card:
        rows = tuple((name, str(part["word"]), str(part["words"]), f"{part['n']:,}") for name, part in card.items())
        yield Table(("", "", "figures", "n"), rows, frozenset({3}))


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


def _labels(found: Mapping[str, Any]) -> Iterator[Block]:
    tables = label_tables(found)
    if not tables:
        return
    yield Heading(2, "Labels")
    rows = tuple((name, percent(table.get("accuracy")), macro_f1(table)) for name, table in tables)
    yield Table(("", "accuracy", "macro F1"), rows, frozenset({1, 2}))
    last = tables[-1][1]
    each = tuple(
        (str(label["label"]), percent(label.get("precision")), percent(label.get("recall")), percent(label.get("f1")))
        for label in last["labels"]
    )
    inner = Table(("label", "precision", "recall", "F1"), each, frozenset({1, 2, 3}))
    yield Folded(f"each label, {tables[-1][0]}", (inner,))
    before, after = (tables[0][1], last) if len(tables) > 1 else (None, last)
    confused = tuple(
        (each.reference, each.answer, _count(each.before), _count(each.after))
        for each in most_confused(before, after)[:_CONFUSED]
    )
    if confused:
        yield Heading(3, "What was taken for what, the most often first")
        yield Table(("is", "was taken for", "before", "after"), confused, frozenset({2, 3}))


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


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _training(job: Job) -> Iterator[Block]:
    yield Heading(2, f"The training, {job.short}")
    done, story = result(job) or {}, Story()
    story.add(read_events(job.events)[0])
    facts = [f"{count(int(done.get('steps') or story.step), 'step')}, {duration(past_of(job).seconds)} at work"]
    if done.get("tokens_per_second"):
        facts.append(f"{done['tokens_per_second']:,.0f} tokens/s, peak {done.get('peak_gib') or 0:.1f} GiB")
    yield Bullets(tuple(facts))
    curves = []
    if loss := story.metrics.get("loss"):
        curves.append(Curve("loss", tuple(decimate(smooth(loss, _SMOOTH), _COLUMNS))))
    if evaluated := _evaluated(story.evaluations):
        curves.append(Curve("validation loss", tuple(evaluated)))
    if curves:
        yield Chart("loss by step, smoothed, and on the validation rows", tuple(curves))


def _evaluated(evaluations: Sequence[Any]) -> list[tuple[float, float]]:
    return [(each.step, each.values["eval_loss"]) for each in evaluations if "eval_loss" in each.values]


def _examples(measured: Evaluation) -> Iterator[Block]:
    fates = measured.fates
    binary = not measured.metric or named_metric(measured.metric).binary
    titles = ("Right before, wrong after", "Wrong before, right after") if binary else ("Worse after", "Better after")
    for fate, title in zip((LOST, GAINED), titles, strict=True):
        pairs = [pair for pair in measured.pairs if pair.fate == fate]
        if not pairs:
            continue
        shown = f", {_EXAMPLES} of them here" if len(pairs) > _EXAMPLES else ""
        yield Heading(2, f"{title}: {count(fates[fate], 'row')}{shown}")
        for pair in pairs[:_EXAMPLES]:
            yield Folded(f"row {pair.number}: {pair.prompt[:120]}", tuple(_example(pair, measured.baseline_name)))


def _example(pair: Pair, baseline: str) -> Iterator[Block]:
    yield Verbatim("prompt", pair.prompt)
    yield Verbatim("reference", pair.reference)
    for name, output in ((baseline, pair.baseline), ("tuned", pair.tuned)):
        if output is not None:
            yield Verbatim(name, output.answer or output.error)


def _rests_on(evaluation: Job, train_job: Job | None, found: Mapping[str, Any]) -> Iterator[Block]:
    manifest = read_manifest(evaluation)
    yield Heading(2, "What it rests on")
    facts = [("evaluation", evaluation.name)]
    if train_job is not None:
        facts.append(("training", train_job.name))
    hashes = {f"{name}, SHA-256": str(value) for name, value in (manifest.get("hashes") or {}).items() if value}
    facts += hashes.items()
    facts += [
        (f"adapter of {each['name']}, SHA-256", str(each["adapter_sha256"]))
        for each in found.get("systems") or ()
        if each.get("adapter_sha256")
    ]
    facts += [(name, str(version)) for name, version in (manifest.get("versions") or {}).items()]
    facts += [(f"seed of {name}", str(seed)) for name, seed in (manifest.get("seeds") or {}).items()]
    yield Table(("", ""), tuple(facts))
    if evaluation.recipe.is_file():
        yield Folded("the recipe, as it was resolved", (Verbatim("recipe.toml", _recipe(evaluation)),))
    yield Verbatim("to make it again, in the workspace", "\n".join(_commands(evaluation, train_job)))


def _recipe(job: Job) -> str:
    return job.recipe.read_text(encoding="utf-8", errors="replace")


def _commands(evaluation: Job, train_job: Job | None) -> Iterator[str]:
    manifest = read_manifest(evaluation)
    recipe = f"{manifest['recipe']}.toml"
    if train_job is not None:
        overrides = [part for each in read_manifest(train_job).get("overrides") or () for part in ("--set", str(each))]
        yield shlex.join(["ftworkbench", "train", recipe, *overrides])
    overrides = [part for each in manifest.get("overrides") or () for part in ("--set", str(each))]
    measured = ["--job", train_job.short] if train_job is not None else []
    yield shlex.join(["ftworkbench", "evaluate", recipe, *measured, *overrides])
    yield shlex.join(["ftworkbench", "report", evaluation.short, "--workspace", "."])
