"""A report of an evaluation for people who weren't there: what was found, on what it rests, how to make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.figures import count, duration
from ftworkbench.files import replace_file
from ftworkbench.jobs.bin import is_in_bin
from ftworkbench.jobs.curve import decimate, smooth
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import Job, read_manifest, result
from ftworkbench.jobs.past import past_of
from ftworkbench.jobs.story import Story
from ftworkbench.report.blocks import Block, Bullets, Chart, Curve, Folded, Heading, Paragraph, Table, Verbatim
from ftworkbench.report.html import as_html
from ftworkbench.report.markdown import as_markdown
from ftworkbench.steps.evaluation import read_evaluation
from ftworkbench.steps.report_figures import figures_blocks
from ftworkbench.steps.report_labels import label_blocks
from ftworkbench.steps.report_rows import rows_blocks
from ftworkbench.steps.verdicts import VOID, is_void

_COLUMNS = 400  # points of a curve
_SMOOTH = 0.9
# The name of the job in what a command prints as JSON.
_NAME = """python3 -c 'import json, sys; print(json.load(sys.stdin)["job"])'"""


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
    yield from figures_blocks(found)
    yield from label_blocks(found)
    train_job = Job(Path(manifest["args"]["job"])) if manifest["args"].get("job") else None
    if train_job is not None and train_job.path.is_dir():
        yield from _training(train_job)
    yield from rows_blocks(measured)
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
    files = (found.get("metric_files") or {}).items()
    facts += [(f"metric file {name}, SHA-256", str(sha256)) for name, sha256 in files]
    facts += [(name, str(version)) for name, version in (manifest.get("versions") or {}).items()]
    facts += [(f"seed of {name}", str(seed)) for name, seed in (manifest.get("seeds") or {}).items()]
    yield Table(("", ""), tuple(facts))
    if evaluation.recipe.is_file():
        yield Folded("the recipe, as it was resolved", (Verbatim("recipe.toml", _recipe(evaluation)),))
    yield Verbatim("to make it again, in the workspace", "\n".join(_commands(evaluation, train_job)))
    yield Bullets(tuple(_what_they_take(evaluation, train_job)))


def _recipe(job: Job) -> str:
    return job.recipe.read_text(encoding="utf-8", errors="replace")


def _commands(evaluation: Job, train_job: Job | None) -> Iterator[str]:
    """What a shell runs to train again, to measure that and to report on it; a removed job is brought back first."""
    manifest = read_manifest(evaluation)
    overrides = [part for each in manifest.get("overrides") or () for part in ("--set", str(each))]
    measure = ["ftworkbench", "evaluate", f"{manifest['recipe']}.toml"]
    if train_job is not None:
        if is_in_bin(train_job):
            yield shlex.join(["ftworkbench", "restore", train_job.short])
        again = ["rerun", train_job.short] if _can_rerun(train_job) else ["train", f"{manifest['recipe']}.toml"]
        yield f"job=$({shlex.join(['ftworkbench', *again, '--detach'])})"
        yield 'ftworkbench watch "$job"'
    job = ' --job "$job"' if train_job is not None else ""
    yield f"measured=$({shlex.join(measure)}{job} {shlex.join([*overrides, '--json'])} | {_NAME})"
    yield 'ftworkbench report "$measured"'


def _can_rerun(train_job: Job) -> bool:
    return train_job.path.is_dir() or is_in_bin(train_job)


def _what_they_take(evaluation: Job, train_job: Job | None) -> Iterator[str]:
    """Which recipe the commands take: as it ran, or as it is when they are run."""
    recipe = f"{read_manifest(evaluation)['recipe']}.toml"
    if train_job is not None and _can_rerun(train_job):
        yield f"rerun trains by the recipe as it ran, kept in {train_job.short}"
    elif train_job is not None:
        yield f"{train_job.short} is gone: train takes {recipe} as it stands"
    differs = shlex.join(["ftworkbench", "diff", evaluation.short])
    yield f"evaluate takes {recipe} as it stands: {differs} says what in it has changed since"
