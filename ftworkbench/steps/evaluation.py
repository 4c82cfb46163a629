"""What an evaluation found, read from its folder: the verdict, and every test row with both answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.errors import InputError, WorkbenchError
from ftworkbench.evaluate.metrics import Metric, choose_metrics, named_metric
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.evaluate.scores import score_of
from ftworkbench.evaluate.verdict import Verdict, decide
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.names import short_name
from ftworkbench.jobs.submitted import recipe_of
from ftworkbench.recipe.prompt_table import TUNED
from ftworkbench.steps.judging import with_agreement
from ftworkbench.steps.verdicts import is_void

if TYPE_CHECKING:
    from collections.abc import Iterable

LOST, GAINED, WRONG, RIGHT, ALONE = "lost", "gained", "wrong", "right", "alone"
FATES = (LOST, GAINED, WRONG, RIGHT, ALONE)  # in the order in which rows are listed: what was lost costs the most
_FATE_WORDS = {
    LOST: "right, now wrong",
    GAINED: "wrong, now right",
    WRONG: "both wrong",
    RIGHT: "both right",
    ALONE: "one answer so far",
}
_GRADED_WORDS = {LOST: "score fell", GAINED: "score rose", WRONG: "same score", RIGHT: "both in full"}


@dataclass(frozen=True)
class Pair:
    """A test row and what both answered; `before` and `after` are their scores, None where there is no answer."""

    row: str
    number: int
    messages: tuple[Mapping[str, Any], ...]
    reference: str
    baseline: Output | None
    tuned: Output | None
    before: float | None
    after: float | None

    @property
    def fate(self) -> str:
        """`gained` is wrong before and right after; `alone` where only one has answered so far."""
        if self.before is None or self.after is None:
            return ALONE
        if self.before != self.after:
            return GAINED if self.after > self.before else LOST
        return RIGHT if self.after == 1.0 else WRONG

    @property
    def prompt(self) -> str:
        """The row's own prompt: what the user said last."""
        return last_question(self.messages)


def fate_words(fate: str, *, graded: bool = False) -> str:
    """What became of a row, in words; by a graded metric rows fall and rise, and are neither right nor wrong."""
    return _GRADED_WORDS.get(fate, _FATE_WORDS[fate]) if graded else _FATE_WORDS[fate]


def is_graded(metric: str) -> bool:
    """Whether a metric gives more than 0 and 1, so that no row is right or wrong by it."""
    return bool(metric) and not named_metric(metric).binary


def last_question(messages: Iterable[Mapping[str, Any]]) -> str:
    """What the user said last, behind the examples of a prompt; empty where nothing was."""
    said = [message.get("content") for message in messages if message.get("role") == "user"]
    content = said[-1] if said else ""
    return content if isinstance(content, str) else str(content)


@dataclass(frozen=True)
class Evaluation:
    """`found` is the object of verdict.json, None before there is one; `pairs` have the flips first.

    `problem` says why there is nothing to show, where what the job left cannot be read. `change` is what the scores of
    both come to where this is one run against another.
    """

    job: Job
    found: Mapping[str, Any] | None
    metric: str
    baseline_name: str
    train_job: str | None
    pairs: tuple[Pair, ...]
    stamp: object
    problem: str = ""
    change: Verdict | None = None

    @property
    def graded(self) -> bool:
        """Whether its rows have scores, and are not just right or wrong."""
        return is_graded(self.metric)

    @property
    def fates(self) -> Counter[str]:
        return Counter(pair.fate for pair in self.pairs)


def _folders(job: Job) -> list[Path]:
    """Where the answers are: the job's own, then those of the evaluation whose baseline it took over."""
    baseline = read_manifest(job)["args"].get("baseline")
    return [job.outputs, *([Path(baseline) / "outputs"] if baseline else [])]


def _test_files(job: Job) -> dict[str, Path]:
    """The files with answers to test rows, by who answered."""
    found: dict[str, Path] = {}
    for folder in _folders(job):
        for path in sorted(folder.glob("test.*.jsonl")):
            found.setdefault(path.name.removeprefix("test.").removesuffix(".jsonl"), path)
    return found


def stamp_of(job: Job) -> object:
    """Changes when anything that `read_evaluation` reads has changed."""
    stamps = []
    for path in [*_test_files(job).values(), job.verdict, job.workspace.votes]:
        try:
            stat = path.stat()
        except OSError:
            continue
        stamps.append((str(path), stat.st_size, stat.st_mtime_ns))
    return (*stamps, is_void(job))


def read_evaluation(job: Job, known: Evaluation | None = None) -> Evaluation:
    """What the job has found so far; `known` itself where nothing has changed since, readable or not."""
    stamp = stamp_of(job)
    if known is not None and known.job == job and known.stamp == stamp:
        return known
    try:
        return _read(job, stamp)
    except (WorkbenchError, LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"{job.short}: what it found cannot be read ({type(error).__name__}: {error}); measure again"
        return Evaluation(job, None, "", "", None, (), stamp, why)


def _read(job: Job, stamp: object) -> Evaluation:
    found = read_json(job.verdict)
    found = {**with_agreement(job, found), "void": is_void(job)} if isinstance(found, dict) else None
    files = _test_files(job)
    name = str((found or {}).get("chosen") or next((each for each in files if each != TUNED), ""))
    baseline = read_outputs(files[name]) if name in files else []
    tuned = read_outputs(files[TUNED]) if TUNED in files else []
    metric = _metric(job, found, [output.reference for output in [*baseline, *tuned]])
    pairs = _pairs(baseline, tuned, metric)
    train_job = read_manifest(job)["args"].get("job")
    train_name = Path(train_job).name if train_job else None
    return Evaluation(job, found, metric.name if metric else "", name, train_name, pairs, stamp)


def run_against_run(newer: Evaluation, older: Evaluation) -> Evaluation:
    """The newer with the older's tuned model in the place of the baseline: what was fixed since, and what broke.

    Raises InputError where the two did not answer the same test rows, or one has no tuned model.
    """
    if _test_rows(newer.job) != _test_rows(older.job):
        raise InputError(f"{older.job.short}: answered other test rows than {newer.job.short}")
    one, other = (
        [pair.tuned for pair in sorted(each.pairs, key=lambda pair: pair.number) if pair.tuned is not None]
        for each in (older, newer)
    )
    if not one or not other:
        raise InputError(f"{(newer if one else older).job.short}: has no answers of a tuned model")
    pairs = _pairs(one, other, named_metric(newer.metric) if newer.metric else None)
    name = short_name(older.train_job) if older.train_job else older.job.short
    change = _change(newer.job, pairs, newer.metric)
    return replace(newer, pairs=pairs, baseline_name=name, stamp=(newer.stamp, older.stamp), change=change)


def _test_rows(job: Job) -> object:
    """What tells the test rows that an evaluation asked from others."""
    return read_manifest(job).get("hashes", {}).get("test")


def runs_before(evaluation: Evaluation) -> tuple[Job, ...]:
    """The evaluations before it that measured another adapter on the same test rows, the oldest first.

    Raises InputError where there is none.
    """
    before = [job for job in list_jobs(evaluation.job.workspace) if job.kind == "evaluate"]
    before = before[: before.index(evaluation.job)] if evaluation.job in before else before
    rows, adapter = _test_rows(evaluation.job), read_manifest(evaluation.job)["args"].get("job")
    found = [
        job
        for job in before
        if _test_rows(job) == rows and read_manifest(job)["args"].get("job") not in (None, adapter)
    ]
    if not found:
        raise _none_before(evaluation)
    return tuple(found)


def measured_by(evaluations: Sequence[Job]) -> dict[str, Job]:
    """Of evaluations, oldest first, the newest with a verdict for each training job, by its name; newest first."""
    found: dict[str, Job] = {}
    for job in reversed(evaluations):
        if job.verdict.is_file():
            found.setdefault(Path(read_manifest(job)["args"]["job"]).name, job)
    return found


def against_run_before(evaluation: Evaluation) -> Evaluation:
    """The evaluation against the newest one before it that measured another adapter on the same test rows.

    Raises InputError where there is none.
    """
    for job in reversed(runs_before(evaluation)):
        try:
            return run_against_run(evaluation, read_evaluation(job))
        except InputError:
            continue
    raise _none_before(evaluation)


def _none_before(evaluation: Evaluation) -> InputError:
    return InputError(f"{evaluation.job.short}: no other adapter was measured on these test rows before")


def _change(job: Job, pairs: Sequence[Pair], metric: str) -> Verdict | None:
    """What the scores of the pairs come to by the recipe's rule, as for a verdict; None where there are none."""
    both = [pair for pair in pairs if pair.before is not None and pair.after is not None]
    if not both or not metric:
        return None
    rule = recipe_of(job).evaluate
    return decide(
        [pair.before or 0.0 for pair in both],
        [pair.after or 0.0 for pair in both],
        metric,
        rule.alpha,
        groups=groups_of([pair.messages for pair in both]),
        min_effect=rule.min_effect,
        power=rule.power,
    )


def _metric(job: Job, found: Mapping[str, Any] | None, references: Sequence[str]) -> Metric | None:
    verdict = (found or {}).get("verdict") or {}
    systems = (found or {}).get("systems") or []
    names: Iterable[str | None] = [verdict.get("metric"), *(systems[0]["metrics"] if systems else ())]
    for name in names:
        if name:
            return named_metric(name)
    if not references:
        return None
    try:
        recipe = recipe_of(job)
        return choose_metrics(references, recipe.evaluate.metric, recipe.evaluate.metrics)[0]
    except (WorkbenchError, OSError):
        return choose_metrics(references)[0]


def _pairs(baseline: Sequence[Output], tuned: Sequence[Output], metric: Metric | None) -> tuple[Pair, ...]:
    before, after = _by_row(baseline), _by_row(tuned)
    pairs = []
    for number, key in enumerate(dict.fromkeys([*before, *after]), 1):
        one, other = before.get(key), after.get(key)
        any_output = other or one
        assert any_output is not None
        pairs.append(
            Pair(
                any_output.row,
                number,
                any_output.messages,
                any_output.reference,
                one,
                other,
                _score(metric, one),
                _score(metric, other),
            )
        )
    return tuple(sorted(pairs, key=lambda pair: (FATES.index(pair.fate), pair.number)))


def _by_row(outputs: Sequence[Output]) -> dict[tuple[str, int], Output]:
    """The outputs by row and how often that row came before: a test set may hold a row twice."""
    seen: Counter[str] = Counter()
    found = {}
    for output in outputs:
        found[output.row, seen[output.row]] = output
        seen[output.row] += 1
    return found


def _score(metric: Metric | None, output: Output | None) -> float | None:
    """The score; None where there is no answer, or where only the worker can tell and has not yet."""
    if metric is None or output is None or not (metric.plain or metric.name in output.scores):
        return None
    return score_of(output, metric)
