"""The baseline: the best of the contestants on the validation rows, measured now or by an earlier evaluation."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.data.example import Example
from ftworkbench.data.labels import find_labels
from ftworkbench.data.review.decisions import DECIDED
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.data.splits.split import Parts
from ftworkbench.errors import InputError
from ftworkbench.evaluate.advice import Advice, Known, Rules, Tried, advise
from ftworkbench.evaluate.contestants import Contestant, contestants
from ftworkbench.evaluate.fingerprint import prompt_contents
from ftworkbench.evaluate.form import form_of
from ftworkbench.evaluate.found import System
from ftworkbench.evaluate.metrics import choose_metrics
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.evaluate.scores import summarise
from ftworkbench.files import read_json
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.scoring import Scoring
from ftworkbench.worker.work import Work


@dataclass(frozen=True)
class Baseline:
    """The prompted contestant that was best on the validation rows, and how it answered the test rows.

    `contestants` are all of them on the validation rows, `tried` the same with their answers; `job` the evaluation that
    measured it earlier; `own` whether the recipe's model answered; `extra` what the report says of it besides.
    """

    name: str
    outputs: list[Output]
    contestants: list[System]
    job: str | None = None
    own: bool = True
    tried: Sequence[Tried] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def all_contestants(work: Work, pool: Sequence[Example]) -> tuple[Contestant, ...]:
    """The contestants of the recipe, their examples from the training rows.

    Raises InputError where a file or folder that they are asked with is not what it was when the job was submitted.
    """
    recipe, root = work.recipe, work.workspace.root
    was = work.args.get("contents")
    now = prompt_contents(recipe.prompt, root)
    changed = next((name for name in now if was is not None and was.get(name) != now[name]), None)
    if changed is not None:
        raise InputError(f"{changed}: has changed since this evaluation was submitted; submit it anew")
    answers = [example.answer for example in pool]
    labels = find_labels(answers, recipe.data.label)
    return contestants(recipe.prompt, pool, [labels.of(answer) for answer in answers] if labels else None, root)


def measure_baseline(
    measuring: Measuring, found: Sequence[Contestant], parts: Parts, test: Sequence[Example], scoring: Scoring
) -> Baseline:
    """Every contestant on the validation rows, and the best of them on the test rows.

    Where two are as good the cheaper one is taken: the recipe's own model, with fewer passages and examples.
    """
    for each in found:
        if each.note:
            measuring.work.notice(f"{each.name}: {each.note}", "contestant", level="info")
    chosen = min(found, key=lambda each: each.price)
    systems = []
    tried: list[Tried] = []
    if parts.validation:
        value: dict[str, float] = {}
        groups = groups_of([example.prompt for example in parts.validation])
        for each in found:
            outputs = measuring.scored(f"validation.{each.name}", each, parts.validation, scoring)
            summary = summarise(outputs, scoring.metrics, groups=groups)
            systems.append(System(each.name, summary, each.note, _endpoint_facts(each, outputs)))
            tried.append(_tried(each, outputs, scoring))
            value[each.name] = summary[scoring.metrics[0].name]["value"]
        chosen = min(found, key=lambda each: (-value[each.name], each.price))
    elif len(found) > 1:
        text = f"there are no validation rows to choose a contestant on: {chosen.name} stands for prompting"
        measuring.work.notice(text, "no-validation")
    outputs = measuring.scored(f"test.{chosen.name}", chosen, test, scoring)
    extra = _endpoint_facts(chosen, outputs)
    return Baseline(chosen.name, outputs, systems, own=chosen.endpoint is None, tried=tried, extra=extra)


def _tried(contestant: Contestant, outputs: Sequence[Output], scoring: Scoring) -> Tried:
    metric = scoring.metrics[0]
    return Tried(contestant, outputs, [each.scores.get(metric.name, 0.0) for each in outputs], metric)


def advice_on(work: Work, baseline: Baseline, parts: Parts) -> Advice | None:
    """What to do next, by how the contestants answered the validation rows; None where there are none."""
    recipe = work.recipe
    answers = parts.known_answers
    if not baseline.tried or not answers:
        return None
    open_answers = choose_metrics(answers)[0].name in ("exact_match", "rouge_l")
    rules = Rules(recipe.prompt.enough, recipe.check.few_shot_rows, recipe.check.good_rows)
    known = Known(len(parts.train), form_of(answers), open_answers, _reviewed(work, parts), recipe.launch.cost_per_hour)
    return advise(baseline.tried, known, rules)


def _reviewed(work: Work, parts: Parts) -> int | None:
    """How many training rows the ledger has a decision on; None where there is no ledger."""
    if not work.workspace.ledger.exists():
        return None
    ledger = Ledger.open(work.workspace.ledger)
    keys = [parts.row_keys.get(example.key, example.key) for example in parts.train]
    return sum(ledger.state(key).status in DECIDED for key in keys)


def _endpoint_facts(contestant: Contestant, outputs: Sequence[Output]) -> dict[str, Any]:
    """What is said of a model behind an endpoint: which, what it cost, how soon it began, and what it left out."""
    if contestant.endpoint is None:
        return {}
    costs = [each.cost for each in outputs if each.cost is not None]
    firsts = [each.first_token_seconds for each in outputs if each.first_token_seconds is not None]
    return {
        "endpoint": contestant.endpoint.url,
        "model": contestant.endpoint.model,
        "failed": sum(bool(each.error) for each in outputs),
        "cost": sum(costs) if costs else None,
        "first_token_seconds": median(firsts) if firsts else None,
    }


# -------------------------------------------------------------------------------------------------
# A baseline that was measured before


def earlier_baseline(work: Work) -> tuple[Job, dict[str, Any]] | None:
    """The evaluation whose baseline is to be used again, with its report; None where there is none to be had."""
    path = work.args.get("baseline")
    if not path or work.args.get("skip_baseline"):
        return None
    job = find_job(work.workspace, str(path))
    wanted = read_manifest(work.job).get("hashes", {}).get("baseline")
    report = read_json(job.verdict)
    same = wanted and read_manifest(job).get("hashes", {}).get("baseline") == wanted
    chosen = report.get("chosen") if isinstance(report, dict) else None
    if not same or not chosen or not (job.outputs / f"test.{chosen}.jsonl").is_file():
        work.notice(f"the baseline of {job.short} is of something else, and is measured anew", "baseline", level="info")
        return None
    if any(each.error for each in read_outputs(job.outputs / f"test.{chosen}.jsonl")):
        text = f"the baseline of {job.short} has rows without an answer: those are asked again"
        work.notice(text, "baseline", level="info")
        return None
    return job, report


def reuse_baseline(
    work: Work, found: Sequence[Contestant], earlier: tuple[Job, dict[str, Any]], scoring: Scoring
) -> Baseline:
    """The baseline of an earlier evaluation; its answers are copied."""
    job, report = earlier
    work.job.outputs.mkdir(exist_ok=True)
    for path in sorted(job.outputs.glob("*.jsonl")):
        if path.name.startswith("validation.") or path.name == f"test.{report['chosen']}.jsonl":
            shutil.copyfile(path, work.job.outputs / path.name)
    systems = [_system(each) for each in report.get("contestants") or ()]
    work.notice(f"the baseline was measured by {job.short}, and is not measured again", "baseline", level="info")
    chosen = str(report["chosen"])
    first = report.get("baseline_job") or job.name
    outputs = read_outputs(job.outputs / f"test.{chosen}.jsonl")
    contestant = next((each for each in found if each.name == chosen), None)
    if contestant is None:
        return Baseline(chosen, outputs, systems, first)
    kept = [(each, read_outputs(job.outputs / f"validation.{each.name}.jsonl")) for each in found]
    tried = [_tried(each, answered, scoring) for each, answered in kept if answered]
    own, extra = contestant.endpoint is None, _endpoint_facts(contestant, outputs)
    return Baseline(chosen, outputs, systems, first, own=own, tried=tried, extra=extra)


def _system(report: Mapping[str, Any]) -> System:
    known = ("name", "metrics", "note")
    extra = {name: value for name, value in report.items() if name not in known}
    return System(report["name"], report["metrics"], report.get("note", ""), extra)
