"""The judge of an evaluation, and the person who checks it: the rows to label, the labels, how far both agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftworkbench.evaluate.judge.checked import agreement_json, labels_of
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.evaluate.votes import Side, Vote, Word, cast, read_votes, sides, take_back
from ftworkbench.jobs.folder import Job
from ftworkbench.recipe.prompt_table import TUNED

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


@dataclass(frozen=True)
class Judged:
    """The rows of an evaluation by which a person checks its judge: `outcomes` are what that said of them.

    `before` and `after` are the answers by row; `baseline` is whose the first are, `tuned_sha256` the adapter of the
    others. `seed` draws who stands on which side, and the reference is shown where the judge saw it.
    """

    job: Job
    outcomes: Mapping[str, Outcome]
    before: Mapping[str, Output]
    after: Mapping[str, Output]
    baseline: str
    tuned_sha256: str | None
    seed: int
    with_reference: bool

    def labels(self) -> dict[str, Outcome]:
        """What a person has said of these very answers so far, by row."""
        answers = {row: (self.before[row].answer, self.after[row].answer) for row in self._answered}
        return labels_of(read_votes(self.job.workspace.votes), answers)

    def left(self) -> list[ToLabel]:
        """The rows that are still to be labelled, in their order."""
        done = self.labels()
        return [self._to_label(row) for row in self._answered if row not in done]

    def agreement(self) -> dict[str, Any]:
        """How far the judge and whoever labelled its rows agree, as it is now."""
        return agreement_json(self.labels(), self.outcomes)

    @property
    def _answered(self) -> list[str]:
        return [row for row in self.outcomes if row in self.before and row in self.after]

    def _to_label(self, row: str) -> ToLabel:
        after = self.after[row]
        both = {
            self.baseline: Side(self.baseline, None, self.before[row].answer),
            TUNED: Side(TUNED, self.tuned_sha256, after.answer),
        }
        left, right = (both[name] for name in sides(list(both), self.seed, row))
        return ToLabel(row, after.messages, after.reference if self.with_reference else "", left, right)


def judged_rows(job: Job, found: Mapping[str, Any]) -> Judged:
    """The rows to label of an evaluation whose report `found` is; none where no judge compared two of its answers."""
    judge = found.get("judge")
    judge = judge if isinstance(judge, dict) else {}
    baseline = str(found.get("chosen") or "baseline")
    wanted = judge.get("labels") or {}
    return Judged(
        job,
        wanted,
        _by_row(job, baseline) if wanted else {},
        _by_row(job, TUNED) if wanted else {},
        baseline,
        _tuned_sha256(found),
        int(judge.get("seed", 0)),
        bool(judge.get("reference")),
    )


def with_agreement(job: Job, found: dict[str, Any]) -> dict[str, Any]:
    """The report of an evaluation with the `agreement` of its judge and whoever labelled its rows, as it is now."""
    judged = judged_rows(job, found)
    return {**found, "judge": {**found["judge"], "agreement": judged.agreement()}} if judged.outcomes else found


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
    """Takes the last label of this evaluation back; False where it has none. Raises OSError."""
    return take_back(job.workspace.votes, lambda vote: vote.how.get("evaluation") == job.name) is not None


def _by_row(job: Job, name: str) -> dict[str, Output]:
    return {output.row: output for output in read_outputs(job.outputs / f"test.{name}.jsonl")}


def _tuned_sha256(found: Mapping[str, Any]) -> str | None:
    found_sha256 = (each.get("adapter_sha256") for each in found.get("systems") or () if each.get("name") == TUNED)
    sha256 = next(found_sha256, None)
    return None if sha256 is None else str(sha256)
