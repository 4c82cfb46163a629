"""Measuring: the prompted contestants, the tuned model on the same rows, other skills before and after."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.data.labels import find_labels
from ftworkbench.data.splits.split import Parts, load_parts
from ftworkbench.errors import InputError
from ftworkbench.evaluate.contestants import Contestant, build_messages, contestants, tuned
from ftworkbench.evaluate.outputs import Output, append_outputs, read_outputs, write_outputs
from ftworkbench.evaluate.report import System, evaluation_json, scores, summarise
from ftworkbench.evaluate.verdict import decide
from ftworkbench.files import read_json, write_json
from ftworkbench.jobs.find import find_job
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.worker.adapter import adapter_sha256, attach, require_same_base
from ftworkbench.worker.generate import Answer, Sampling, generate
from ftworkbench.worker.job_template import answering_template, tell_of_folded_system
from ftworkbench.worker.models import load_base
from ftworkbench.worker.reference_loss import with_reference_losses
from ftworkbench.worker.scoring import Scoring, open_scoring
from ftworkbench.worker.suites import compare_suite, read_suite, suite_mean
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import Work

_AS_IS = Contestant("as it is", None)  # regression suites are asked with their own messages


@dataclass(frozen=True)
class Baseline:
    """The prompted contestant that was best on the validation rows, and how it answered the test rows.

    `contestants` are all of them on the validation rows; `job` the evaluation that measured it earlier.
    """

    name: str
    outputs: list[Output]
    contestants: list[System]
    job: str | None = None


class Measuring:
    """The model, the rows, and the folder that answers go to as they come."""

    def __init__(self, work: Work, model: Any, template: Template) -> None:
        self.work = work
        self.model = model
        self.template = template

    def path(self, name: str) -> Path:
        return self.work.job.outputs / f"{name}.jsonl"

    def answer(self, name: str, contestant: Contestant, examples: Sequence[Example]) -> list[Output]:
        """How the model answers the examples, as the contestant asks; also in `outputs/NAME.jsonl`, in their order."""
        recipe, work = self.work.recipe, self.work
        asked = [build_messages(contestant, example.prompt) for example in examples]
        prompts, refused = self._prompts(asked, examples)
        self.path(name).unlink(missing_ok=True)
        found: dict[int, Output] = {}

        def tell(answers: Mapping[int, Answer]) -> None:
            new = {i: _output(examples[i], asked[i], each) for i, each in answers.items()}
            found.update(new)
            append_outputs(self.path(name), new.values())
            work.progress(name, len(found), len(examples), "rows")
            work.leave_if_stopped()

        work.progress(name, 0, len(examples), "rows")
        sampling = Sampling(recipe.evaluate.max_new_tokens)
        size = recipe.evaluate.batch_size
        generate(self.model, self.template, prompts, sampling, batch_size=size, tell=tell)
        ordered = [found[index] for index in range(len(examples))]
        write_outputs(self.path(name), ordered)
        self._say_what_was_cut(name, ordered, refused)
        return ordered

    def scored(self, name: str, contestant: Contestant, examples: Sequence[Example], scoring: Scoring) -> list[Output]:
        """As answer, with the score of each answer beside it."""
        return self.score(name, self.answer(name, contestant, examples), examples, scoring)

    def score(
        self, name: str, outputs: Sequence[Output], examples: Sequence[Example], scoring: Scoring
    ) -> list[Output]:
        """The outputs with their scores, also in their file; what they lack for that is measured."""
        if scoring.needs_reference_loss and any(each.reference_loss is None for each in outputs):
            if self.model is None:
                self.model = load_base(self.work.recipe, self.work.workspace, self.work.device)

            def tell(done: int) -> None:
                self.work.progress(f"{name} references", done, len(outputs), "rows")
                self.work.leave_if_stopped()

            outputs = with_reference_losses(self.model, self.template, outputs, examples, tell)
        found = scoring.scored(self.work, name, outputs, examples)
        write_outputs(self.path(name), found)
        return found

    def _prompts(
        self, asked: Sequence[Sequence[Mapping[str, Any]]], examples: Sequence[Example]
    ) -> tuple[list[list[int]], list[str]]:
        """The tokens of each prompt, none for one that the template refuses, and the rows of those."""
        prompts: list[list[int]] = []
        refused: list[str] = []
        for messages, example in zip(asked, examples, strict=True):
            try:
                prompts.append(self.template.prompt(messages, example.tools))
            except RenderError as error:
                if not refused:
                    self.work.notice(f"a prompt cannot be asked: {error}", "template-refused")
                refused.append(example.key)
                prompts.append([])
        return prompts, refused

    def _say_what_was_cut(self, name: str, outputs: Sequence[Output], refused: Sequence[str]) -> None:
        silent = [each.row for each in outputs if not each.tokens]
        cut = [each.row for each in outputs if each.finish == "length" and each.tokens]
        if silent:
            why = f"{len(refused)} refused by the chat template, {len(silent) - len(refused)} longer than the context"
            text = f"{name}: {len(silent)} of {len(outputs)} prompts could not be asked and count as wrong: {why}"
            self.work.notice(text, "prompt-too-long", rows=silent)
        if cut:
            text = f"{name}: {len(cut)} of {len(outputs)} answers were cut off at evaluate.max_new_tokens"
            self.work.notice(text, "answers-cut", level="info", rows=cut)


def evaluate(work: Work) -> None:
    """Measures what the arguments ask for; leaves `outputs/` and `verdict.json`."""
    # -------------------------------------------------------------------------------------------------
    # Rows, metrics, contestants

    recipe = work.recipe
    trained = work.train_job()
    parts = load_parts(work.workspace, recipe.name, recipe.data)
    test = parts.test[: recipe.evaluate.limit]
    if not test:
        raise InputError("data.test: there are no test rows to measure on; give data.test or data.test_fraction")
    learned = [example.answer for example in (*parts.train, *parts.validation)]
    scoring = open_scoring(work, learned or [each.answer for each in test], test)
    metrics = scoring.metrics
    suites = {Path(name).stem: read_suite(work, name) for name in recipe.evaluate.regression}
    if trained:
        require_same_base(recipe, trained[1], trained[0])
    if trained is None and work.args.get("skip_baseline"):
        raise InputError("nothing to measure: there is no job, and the baseline is to be skipped")

    # -------------------------------------------------------------------------------------------------
    # The base model, unless all of it was measured before

    earlier = _earlier(work)
    measuring = Measuring(work, None, answering_template(work))
    if trained or earlier is None:
        measuring.model = load_base(recipe, work.workspace, work.device)
    work.phase("running")
    tell_of_folded_system(work, measuring.template)
    baseline = None
    if not work.args.get("skip_baseline"):
        baseline = _reuse(work, earlier) if earlier else _measure_baseline(measuring, parts, test, scoring)
        if earlier:
            outputs = measuring.score(f"test.{baseline.name}", baseline.outputs, test, scoring)
            baseline = replace(baseline, outputs=outputs)
    before = {name: _before(measuring, name, rows, earlier) for name, rows in suites.items()}

    # -------------------------------------------------------------------------------------------------
    # The tuned model: the same weights, the adapter on them

    tuned_outputs: list[Output] = []
    after: dict[str, list[Output]] = {}
    if trained:
        measuring.model = attach(measuring.model, trained[0])
        tuned_outputs = measuring.scored("test.tuned", tuned(trained[1].prompt), test, scoring)
        for name, rows in suites.items():
            after[name] = measuring.answer(f"regression.{name}.after", _AS_IS, rows)

    # -------------------------------------------------------------------------------------------------
    # The verdict

    work.phase("saving")
    systems = []
    if baseline:
        extra = scoring.details(baseline.outputs)
        systems.append(System(baseline.name, summarise(baseline.outputs, metrics), extra=extra))
    if trained:
        proof = {"job": trained[0].name, "adapter_sha256": adapter_sha256(trained[0])}
        extra = {**proof, **scoring.details(tuned_outputs)}
        systems.append(System("tuned", summarise(tuned_outputs, metrics), extra=extra))
    verdict = None
    if trained:
        decisive = metrics[0]
        base_scores = scores(baseline.outputs, decisive) if baseline else None
        verdict = decide(base_scores, scores(tuned_outputs, decisive), decisive, recipe.evaluate.alpha)
    regression = {name: compare_suite(work, before[name], after[name]) for name in after}
    report = evaluation_json(
        work.job.name,
        len(test),
        systems,
        verdict,
        contestants=baseline.contestants if baseline else (),
        chosen=baseline.name if baseline else None,
        regression=regression,
        baseline_job=baseline.job if baseline else None,
    )
    report["metric_files"] = scoring.files
    if before and not trained:
        report["before"] = {name: suite_mean(outputs) for name, outputs in before.items()}
    write_json(work.job.verdict, report)


def _output(example: Example, messages: Sequence[Mapping[str, Any]], answer: Answer) -> Output:
    return Output(
        example.key,
        tuple(dict(message) for message in messages),
        example.answer,
        answer.text,
        answer.finish,
        answer.tokens,
        round(answer.seconds, 4),
    )


def _measure_baseline(measuring: Measuring, parts: Parts, test: Sequence[Example], scoring: Scoring) -> Baseline:
    """Every contestant on the validation rows, and the best of them on the test rows.

    Where two are as good the cheaper one is taken: the one with fewer examples.
    """
    recipe = measuring.work.recipe
    answers = [example.answer for example in parts.train]
    labels = find_labels(answers, recipe.data.label)
    found = contestants(recipe.prompt, parts.train, [labels.of(answer) for answer in answers] if labels else None)
    for each in found:
        if each.note:
            measuring.work.notice(f"{each.name}: {each.note}", "contestant", level="info")
    chosen = min(found, key=lambda each: len(each.shots))
    systems = []
    if parts.validation:
        value: dict[str, float] = {}
        for each in found:
            outputs = measuring.scored(f"validation.{each.name}", each, parts.validation, scoring)
            summary = summarise(outputs, scoring.metrics)
            systems.append(System(each.name, summary, note=each.note))
            value[each.name] = summary[scoring.metrics[0].name]["value"]
        chosen = max(found, key=lambda each: (value[each.name], -len(each.shots)))
    elif len(found) > 1:
        text = f"there are no validation rows to choose a contestant on: {chosen.name} stands for prompting"
        measuring.work.notice(text, "no-validation")
    return Baseline(chosen.name, measuring.scored(f"test.{chosen.name}", chosen, test, scoring), systems)


# -------------------------------------------------------------------------------------------------
# A baseline that was measured before


def _earlier(work: Work) -> tuple[Job, dict[str, Any]] | None:
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
    return job, report


def _reuse(work: Work, earlier: tuple[Job, dict[str, Any]]) -> Baseline:
    job, report = earlier
    work.job.outputs.mkdir(exist_ok=True)
    for path in sorted(job.outputs.glob("*.jsonl")):
        if path.name.startswith("validation.") or path.name == f"test.{report['chosen']}.jsonl":
            shutil.copyfile(path, work.job.outputs / path.name)
    systems = [System(each["name"], each["metrics"], each.get("note", "")) for each in report.get("contestants") or ()]
    work.notice(f"the baseline was measured by {job.short}, and is not measured again", "baseline", level="info")
    chosen = str(report["chosen"])
    first = report.get("baseline_job") or job.name
    return Baseline(chosen, read_outputs(job.outputs / f"test.{chosen}.jsonl"), systems, first)


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
    if measuring.model is None:
        measuring.model = load_base(measuring.work.recipe, measuring.work.workspace, measuring.work.device)
    return measuring.answer(path.stem, _AS_IS, rows)
