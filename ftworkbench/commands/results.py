"""How a job ended, by its kind: the object for programs, the lines for people, the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftworkbench.commands import hints
from ftworkbench.commands.measured import conclusion_lines, detail_lines
from ftworkbench.commands.show import emit, table, tell
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.evaluate.judge.words import judge_words, label_hint
from ftworkbench.evaluate.ragas import ragas_words
from ftworkbench.figures import count, duration, interval, p_value, percent, points
from ftworkbench.jobs.bin import is_in_bin
from ftworkbench.jobs.folder import Job, list_jobs, read_manifest
from ftworkbench.jobs.state import phase
from ftworkbench.steps.evaluate import evaluation_result
from ftworkbench.steps.jobs import summary
from ftworkbench.steps.merge import merge_result, proof_words, proved
from ftworkbench.steps.train import train_result
from ftworkbench.steps.verdicts import VOID, is_void, report_of, word_of


def report(job: Job, *, as_json: bool) -> int:
    """Prints what a job that has ended came to, and gives the exit code."""
    if as_json:
        emit(result_of(job))
    else:
        for line in result_lines(job):
            tell(line)
    return EXIT_GOOD if is_good(job) else EXIT_NO


def result_of(job: Job) -> dict[str, Any]:
    """What `--json` prints of a job: the object of the command that launched it."""
    match job.kind:
        case "train":
            return train_result(job)
        case "evaluate":
            return evaluation_result(job)
        case "merge":
            return merge_result(job)
        case _:
            return summary(job, list_jobs(job.workspace))


def is_good(job: Job) -> bool:
    """Whether the job is done, and its answer is not no: not beaten, or not the same answers."""
    if phase(job) != "done":
        return False
    if job.kind == "merge":
        return proved(merge_result(job))
    if job.kind != "evaluate":
        return True
    measured = report_of(job)
    verdict = (measured or {}).get("verdict")
    return measured is not None and (verdict is None or word_of(verdict) == "better")


def result_lines(job: Job) -> list[str]:
    """What a job came to, for people; how it ended where it came to nothing."""
    ended = phase(job)
    if job.kind == "train":
        return _training_lines(job, ended)
    if ended != "done":
        return []
    if job.kind == "evaluate" and report_of(job) is None:
        return [f"{job.short}: its result cannot be read ({job.verdict}); measure again"]
    if job.kind == "evaluate":
        lines = evaluation_lines(evaluation_result(job))
        return [*lines, f"  {VOID}"] if is_void(job) else [*lines, *_next_after_evaluation(job)]
    return [merge_line(merge_result(job))] if job.kind == "merge" else []


def _training_lines(job: Job, ended: str) -> list[str]:
    lines = [f"{job.short}  {ended}"]
    found = train_result(job)
    if found["train_loss"] is not None:
        loss = found["eval_loss"]
        lines.append(
            f"  {found['steps']} steps in {duration(found['seconds'])}, loss {found['train_loss']:.3f}"
            + (f", validation loss {loss:.3f}" if loss is not None else "")
            + f", {found['tokens_per_second'] or 0:,.0f} tokens/s, peak {found['peak_gib'] or 0:.1f} GiB"
        )
    hint = hints.after_training(job)
    return [*lines, f"next: {hint}"] if hint else lines


def _next_after_evaluation(job: Job) -> list[str]:
    given = read_manifest(job)["args"].get("job")
    train_job = Job(Path(given)) if given else None
    if train_job is not None and not train_job.path.is_dir():
        back = f": `{hints.of_job('restore', train_job)}` brings it back" if is_in_bin(train_job) else ""
        return [f"of {train_job.short}, which was removed{back}"]
    verdict = evaluation_result(job)["verdict"]
    better = verdict is not None and word_of(verdict) == "better"
    return [f"next: {hints.after_evaluation(train_job)}"] if train_job and better else []


def evaluation_lines(found: dict[str, Any]) -> list[str]:
    """The result of an evaluation for people: contestants, systems, regression, verdict."""
    verdict = found["verdict"]
    lines = [verdict["headline"]] if verdict and verdict.get("headline") else []
    contestants = found.get("contestants") or []
    if contestants:
        lines.append("contestants, on the validation rows:")
        lines += [f"  {line}" for line in [*_scores(contestants), *_endpoint_lines(contestants)]]
    advice = found.get("advice")
    if advice and not verdict:
        lines += [f"advice: {advice['word']}", *(f"  {reason}" for reason in advice["reasons"])]
    if found["systems"]:
        lines.append(f"on the same {found['n']} frozen test rows:")
        lines += [f"  {line}" for line in [*_scores(found["systems"]), *_endpoint_lines(found["systems"])]]
    lines += detail_lines(found)
    lines += [f"regression suite {name}: {percent(mean)} before" for name, mean in (found.get("before") or {}).items()]
    for suite in found.get("regression") or []:
        after = suite.get("after")
        lines.append(
            f"regression suite {suite['suite']}: {percent(suite.get('before'))} before"
            + (f", {percent(after)} after: {suite['word']}" if after is not None else "")
        )
    lines += conclusion_lines(found)
    lines += _judge_lines(found["judge"]) if found.get("judge") else []
    lines += ragas_words(found["ragas"]) if found.get("ragas") else []
    if verdict:
        lines.append(verdict_line(verdict))
        lines += [f"  {reason}" for reason in verdict.get("reasons", [])]
    return lines


def _endpoint_lines(systems: list[dict[str, Any]]) -> list[str]:
    """Of the systems that another model answered for: which, how soon, at what cost, and what it left out."""
    lines = []
    for each in systems:
        if each.get("endpoint"):
            told = f"{each['name']}: {each.get('model')} at {each['endpoint']}"
            if each.get("first_token_seconds") is not None:
                told += f", first token after {each['first_token_seconds']:.2f} s"
            if each.get("cost") is not None:
                told += f", cost {each['cost']:.2g}"
            if each.get("failed"):
                told += f", {count(each['failed'], 'row')} without an answer"
            lines.append(told)
    return lines


def _judge_lines(judge: dict[str, Any]) -> list[str]:
    hint = label_hint(judge)
    return [*judge_words(judge), *([f"J on the Evaluate screen, or `ftworkbench label JOB`, {hint}"] if hint else [])]


def _scores(systems: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for system in systems for name in system["metrics"]))
    rows = []
    for system in systems:
        cells = [system["name"]]
        for name in names:
            metric = system["metrics"].get(name)
            cells.append(_with_interval(metric) if metric else "")
        rows.append(cells)
    return table(["", *names], rows, right=range(1, len(names) + 1))


def _with_interval(metric: dict[str, Any]) -> str:
    pair = metric.get("interval")
    if not pair:
        return percent(metric["value"])
    return f"{percent(metric['value'])} {interval(pair)}"


def verdict_line(verdict: dict[str, Any]) -> str:
    """The verdict in one line, with its p-value and the interval of the difference in points."""
    line = f"verdict: {verdict['word']}"
    if verdict.get("breaks"):
        joint = "but" if verdict["word"] == "better" else "and"
        line += f", {joint} it breaks {', '.join(verdict['breaks'])}"
    pair, p = verdict.get("interval"), verdict.get("p_value")
    if pair:
        line += f", by {points(pair[0])} to {points(pair[1])} points of {verdict['metric']}"
    if p is not None:
        line += f", {p_value(p)}"
    if verdict.get("needed"):
        line += f"; about {verdict['needed']} test rows would tell"
    return line


def merge_line(found: dict[str, Any]) -> str:
    """Where the merged model is, and what the merge proved, in one line."""
    return f"{found['path']}: {proof_words(found)}"
