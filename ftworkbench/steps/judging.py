"""The judge of an evaluation, and the person who checks it: the rows to label, the labels, how far both agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftworkbench.evaluate.contestants import TUNED
from ftworkbench.evaluate.judge.checked import agreement_json, labels_of
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.evaluate.votes import Side, Vote, Word, cast, read_votes, sides, take_back
from ftworkbench.jobs.folder import Job

if TYPE_CHECKING:
    from ftworkbench.evaluate.judge.pairs import Outcome


@dataclass(frozen=True)
class ToLabel:
    """A row whose two answers a person compares without knowing whose they are. `reference` is empty where hidden."""

    row: str
    messages: tuple[Mapping[str, Any], ...]
    reference: str
    left: Side
    right: Side


def with_agreement(job: Job, found: dict[str, Any]) -> dict[str, Any]:
    """The report of an evaluation with the `agreement` of its judge and whoever labelled its rows, as it is now."""
    judge = found.get("judge")
    if not isinstance(judge, dict) or not judge.get("labels"):
        return found
    labelled = _labelled(job, found)
    judge = {**judge, "agreement": agreement_json(labelled, judge["labels"])}
    return {**found, "judge": judge}


def rows_to_label(job: Job, found: Mapping[str, Any]) -> tuple[list[ToLabel], int]:
    """The rows that are still to be labelled, in their order, and how many there are in all."""
    judge = found.get("judge") or {}
    wanted: Mapping[str, Outcome] = judge.get("labels") or {}
    done = _labelled(job, found)
    before, after = _outputs(job, found)
    name, sha256 = _baseline(found), _tuned_sha256(found)
    rows = []
    for row in wanted:
        if row in done or row not in before or row not in after:
            continue
        by_name = {
            name: Side(name, None, before[row].answer),
            TUNED: Side(TUNED, sha256, after[row].answer),
        }
        left, right = (by_name[each] for each in sides([name, TUNED], int(judge.get("seed", 0)), row))
        reference = after[row].reference if judge.get("reference") else ""
        rows.append(ToLabel(row, after[row].messages, reference, left, right))
    return rows, len(wanted)


def label(job: Job, row: ToLabel, word: Word) -> None:
    """Keeps a label, as a blind vote of the workspace on a test row, of which no preference is made. Raises OSError."""
    vote = Vote(
        word=word,
        left=row.left,
        right=row.right,
        messages=tuple(row.messages),
        rows="test",
        row=row.row,
        how={"evaluation": job.name},
    )
    cast(job.workspace.votes, vote)


def take_label_back(job: Job) -> bool:
    """Takes the last label of this evaluation back; False where the last vote of the workspace is none of it."""
    votes = read_votes(job.workspace.votes)
    if not votes or votes[-1].how.get("evaluation") != job.name:
        return False
    return take_back(job.workspace.votes) is not None


def _labelled(job: Job, found: Mapping[str, Any]) -> dict[str, Outcome]:
    before, after = _outputs(job, found)
    answers = {row: (before[row].answer, after[row].answer) for row in before.keys() & after.keys()}
    wanted = (found.get("judge") or {}).get("labels") or {}
    labels = labels_of(read_votes(job.workspace.votes), answers)
    return {row: label for row, label in labels.items() if row in wanted}


def _outputs(job: Job, found: Mapping[str, Any]) -> tuple[dict[str, Output], dict[str, Output]]:
    return _by_row(job, _baseline(found)), _by_row(job, TUNED)


def _by_row(job: Job, name: str) -> dict[str, Output]:
    return {output.row: output for output in read_outputs(job.outputs / f"test.{name}.jsonl")}


def _baseline(found: Mapping[str, Any]) -> str:
    return str(found.get("chosen") or "baseline")


def _tuned_sha256(found: Mapping[str, Any]) -> str | None:
    found_sha256 = (each.get("adapter_sha256") for each in found.get("systems") or () if each.get("name") == TUNED)
    sha256 = next(found_sha256, None)
    return None if sha256 is None else str(sha256)
