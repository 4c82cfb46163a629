"""Measuring: the prompted contestants, the tuned model on the same rows, other skills before and after."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ftworkbench.data.checks.groups import group_counts, groups_of
from ftworkbench.data.example import Example
from ftworkbench.data.splits.split import load_parts
from ftworkbench.errors import InputError
from ftworkbench.evaluate.card import Answers
from ftworkbench.evaluate.conclude import conclude
from ftworkbench.evaluate.contestants import Contestant, tuned
from ftworkbench.evaluate.found import System, evaluation_json
from ftworkbench.evaluate.outputs import Output, read_outputs, write_outputs
from ftworkbench.evaluate.prompting import Prompting
from ftworkbench.evaluate.scores import summarise
from ftworkbench.evaluate.time_and_cost import Way, served_latency
from ftworkbench.files import write_json
from ftworkbench.jobs.folder import Job
from ftworkbench.worker.adapter import adapter_sha256, attach, require_same_base
from ftworkbench.worker.baseline import advice_on, all_contestants, earlier_baseline, measure_baseline, reuse_baseline
from ftworkbench.worker.harness import ask_tasks
from ftworkbench.worker.job_template import answering_template, tell_of_folded_system
from ftworkbench.worker.judging import judge, not_yet
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.ragas import measure_ragas, ragas_not_yet
from ftworkbench.worker.scoring import open_scoring
from ftworkbench.worker.serving import measure_serving
from ftworkbench.worker.suites import compare_suite, read_suites, suite_mean
from ftworkbench.worker.ways import way_here, way_of_baseline
from ftworkbench.worker.work import Work

_AS_IS = Contestant("as it is", None)  # regression suites are asked with their own messages


def drawn(rows: Sequence[Example], limit: int | None, seed: int) -> Sequence[Example]:
    """At most so many of the rows, drawn by seed and in their order: files are often sorted by label."""
    if limit is None or limit >= len(rows):
        return rows
    return [rows[place] for place in sorted(random.Random(seed).sample(range(len(rows)), limit))]


def evaluate(work: Work) -> None:
    """Measures what the arguments ask for; leaves `outputs/` and `verdict.json`."""
    # -------------------------------------------------------------------------------------------------
    # Rows, metrics, contestants

    recipe = work.recipe
    trained = work.train_job()
    parts = load_parts(work.workspace, recipe.name, recipe.data)
    test = drawn(parts.test, recipe.evaluate.limit, recipe.data.seed)
    if not test:
        raise InputError("data.test: there are no test rows to measure on; give data.test or data.test_fraction")
    learned = parts.known_answers
    scoring = open_scoring(work, learned or [each.answer for each in test], test)
    metrics = scoring.metrics
    suites = read_suites(work)
    if trained:
        require_same_base(recipe, trained[1], trained[0])
    prompted = () if work.args.get("skip_baseline") else all_contestants(work, parts.train)
    if trained is None and work.args.get("skip_baseline"):
        raise InputError("nothing to measure: there is no job, and the baseline is to be skipped")

    # -------------------------------------------------------------------------------------------------
    # The base model, unless all of it was measured before

    earlier = earlier_baseline(work)
    tasks = ask_tasks(work, trained[0] if trained else None, earlier[0] if earlier else None)
    measuring = Measuring(work, answering_template(work), Prompting(parts.train, work.workspace.root))
    if trained or (earlier is None and any(each.endpoint is None for each in prompted)):
        measuring.base()
    work.phase("running")
    tell_of_folded_system(work, measuring.template)
    baseline = None
    if not work.args.get("skip_baseline"):
        if earlier:
            baseline = reuse_baseline(work, prompted, earlier, scoring)
            name, own = f"test.{baseline.name}", baseline.own
            baseline = replace(baseline, outputs=measuring.score(name, baseline.outputs, test, scoring, own=own))
        else:
            baseline = measure_baseline(measuring, prompted, parts, test, scoring)
    before = {name: _before(measuring, name, suite.examples, earlier) for name, suite in suites.items()} | tasks.before

    # -------------------------------------------------------------------------------------------------
    # The tuned model: the same weights, the adapter on them

    tuned_outputs: list[Output] = []
    after: dict[str, list[Output]] = {}
    if trained:
        measuring.model = attach(measuring.base(), trained[0])
        tuned_outputs = measuring.scored("test.tuned", tuned(trained[1].prompt), test, scoring)
        for name, suite in suites.items():
            after[name] = measuring.answer(f"regression.{name}.after", _AS_IS, suite.examples)
    suites, after = suites | tasks.suites, after | tasks.after

    # -------------------------------------------------------------------------------------------------
    # The verdict

    work.phase("saving")
    groups = groups_of([example.prompt for example in test])
    systems = []
    if baseline:
        extra = {**baseline.extra, **scoring.details(baseline.outputs, groups)}
        systems.append(System(baseline.name, summarise(baseline.outputs, metrics, groups=groups), extra=extra))
    if trained:
        proof = {"job": trained[0].name, "adapter_sha256": adapter_sha256(trained[0])}
        extra = {**proof, **scoring.details(tuned_outputs, groups)}
        systems.append(System("tuned", summarise(tuned_outputs, metrics, groups=groups), extra=extra))
    regression = {name: compare_suite(work, suites[name], before[name], after[name]) for name in after}
    ways: dict[str, Way | None] = {}
    if baseline:
        report_before = earlier[1] if earlier else None
        ways["baseline"] = way_of_baseline(measuring, baseline.name, prompted, len(test), report_before)
    concluded = None
    if trained:
        prompted_outputs = baseline.outputs if baseline else None
        way = ways["tuned"] = way_here(measuring, "test.tuned", len(test))
        cost = recipe.launch.cost_per_hour
        answers = Answers(prompted_outputs, tuned_outputs, learned, groups, cost, way, ways.get("baseline"))
        concluded = conclude(answers, metrics, recipe.evaluate, regression)
    report = evaluation_json(
        work.job.name,
        len(test),
        systems,
        concluded.verdict if concluded else None,
        contestants=baseline.contestants if baseline else (),
        chosen=baseline.name if baseline else None,
        regression=regression,
        baseline_job=baseline.job if baseline else None,
        tested=concluded.tested if concluded else (),
        card=concluded.card if concluded else None,
    )
    report["groups"] = group_counts(groups)
    report["ways"] = {name: way and way.as_json() for name, way in ways.items()}
    report["metric_files"] = scoring.files
    advice = advice_on(work, baseline, parts) if baseline else None
    if advice:
        report["advice"] = advice.as_json()
    if before and not trained:
        report["before"] = {name: suite_mean(suites[name], outputs) for name, outputs in before.items()}
    if recipe.judge.is_asked:
        report["judge"] = not_yet(work)
    if recipe.ragas.is_asked:
        report["ragas"] = ragas_not_yet(work)
    write_json(work.job.verdict, report)

    # -------------------------------------------------------------------------------------------------
    # What serving takes, once nothing more is asked of the tuned model

    if trained and recipe.evaluate.serving_rows:
        work.phase("running")
        some = drawn(test, recipe.evaluate.serving_rows, recipe.data.seed)
        asked = {each.row: each.messages for each in baseline.outputs} if baseline and baseline.own else {}
        report["serving"] = served = measure_serving(work, measuring, some, trained, asked)
        if served and concluded:
            report["card"] = {**concluded.card, "latency": served_latency(concluded.card["latency"], served)}
        work.phase("saving")
        write_json(work.job.verdict, report)

    # -------------------------------------------------------------------------------------------------
    # The judge and RAGAS, who may fail: the verdict stands by then

    answered = [(baseline.name, baseline.outputs)] if baseline else []
    answered += [("tuned", tuned_outputs)] if trained else []
    if recipe.judge.is_asked:
        work.phase("running")
        report["judge"] = judge(work, measuring, test, answered, groups)
        work.phase("saving")
        write_json(work.job.verdict, report)
    if recipe.ragas.is_asked:
        work.phase("running")
        report["ragas"] = measure_ragas(work, measuring, test, answered, groups)
        work.phase("saving")
        write_json(work.job.verdict, report)


def _before(
    measuring: Measuring, name: str, rows: Sequence[Example], earlier: tuple[Job, dict[str, Any]] | None
) -> list[Output]:
    """How the base model answers a suite, measured before if the very same rows were."""
    path = measuring.path(f"regression.{name}.before")
    if earlier:
        outputs = read_outputs(earlier[0].outputs / path.name)
        if [each.row for each in outputs] == [example.key for example in rows]:
            write_outputs(path, outputs)
            return outputs
    return measuring.answer(path.stem, _AS_IS, rows)
