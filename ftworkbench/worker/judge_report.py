"""From replies of a judge to its figures: read, folded, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.evaluate.judge.checked import rows_to_label
from ftworkbench.evaluate.judge.grades import grades_json, mean_json
from ftworkbench.evaluate.judge.pairs import Outcome, Pair, pairs_json
from ftworkbench.evaluate.judge.parsing import Word, read_grade, read_verdict
from ftworkbench.recipe.judge_table import Judge
from ftworkbench.worker.endpoint_reply import REFUSED, Reply, kind
from ftworkbench.worker.judge_requests import BACKWARD, FORWARD, Request, Systems

CUT_OFF, UNREADABLE = "cut off at judge.max_tokens", "unreadable"
OVER_BUDGET, TOO_LONG = "over budget", "too long"
_NO_FAILURES = (CUT_OFF, UNREADABLE, OVER_BUDGET, TOO_LONG)  # asked again the answer would be the same


@dataclass(frozen=True)
class Judged:
    """A request with what was read out of its reply: a word, or a grade; `error` says why neither."""

    request: Request
    reply: Reply
    word: Word | None = None
    grade: float | None = None
    exact: bool = False
    error: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether it may be answered when it is asked again."""
        return bool(self.error) and not kind(self.error).startswith((REFUSED, *_NO_FAILURES))

    def as_json(self, row: str) -> dict[str, Any]:
        """Its line in `outputs/judge.jsonl`."""
        reply = self.reply
        return {
            "row": row,
            "place": self.request.place,
            "part": self.request.part,
            "verdict": self.word,
            "grade": self.grade,
            "error": self.error,
            "text": reply.text,
            "tokens": reply.tokens,
            "prompt_tokens": reply.prompt_tokens,
            "seconds": reply.seconds,
            "cost": reply.cost,
            "key": self.request.key,
        }


def judged_of(judge: Judge, request: Request, reply: Reply) -> Judged:
    """What a reply says; where that cannot be read, why."""
    if reply.error:
        return Judged(request, reply, error=reply.error)
    word, grade = None, None
    if judge.mode == "pairwise":
        word, exact = read_verdict(reply.text)
    else:
        grade, exact = read_grade(reply.text, judge.scale)
    if word is None and grade is None:
        error = CUT_OFF if reply.finish == "length" else f"{UNREADABLE}: no verdict in what the judge wrote"
        return Judged(request, reply, error=error)
    return Judged(request, reply, word, grade, exact)


def judge_report(
    judge: Judge,
    judged: Sequence[Judged],
    examples: Sequence[Example],
    systems: Systems,
    places: Sequence[int],
    *,
    groups: Sequence[Hashable],
) -> dict[str, Any]:
    """The figures of the judge, with `missing`: how many rows have no verdict, by why; and the rows to label."""
    by_row: dict[int, dict[str, Judged]] = {place: {} for place in places}
    for each in judged:
        by_row[each.request.place][each.request.part] = each
    missing: Counter[str] = Counter()
    for parts in by_row.values():
        errors = [each.error for each in parts.values() if each.error]
        if errors:
            missing[kind(errors[0])] += 1
    outcomes: dict[str, Outcome]
    if judge.mode == "pairwise":
        found, outcomes = _pairs(by_row, examples, systems, groups)
    else:
        found, outcomes = _grades(judge, by_row, examples, systems, groups)
    label_rows = rows_to_label(list(outcomes), judge.seed)
    return {
        **found,
        "missing": dict(missing),
        "structured": {"asked": judge.structured, "followed": sum(each.exact for each in judged)},
        "labels": {row: outcomes[row] for row in label_rows},
    }


def _pairs(
    by_row: Mapping[int, Mapping[str, Judged]],
    examples: Sequence[Example],
    systems: Systems,
    groups: Sequence[Hashable],
) -> tuple[dict[str, Any], dict[str, Outcome]]:
    pairs, among = [], []
    for place, parts in by_row.items():
        before, after = (outputs[place].answer for _, outputs in systems)
        row = examples[place].key
        forward, backward = (parts[part].word if part in parts else None for part in (FORWARD, BACKWARD))
        if not parts:
            pairs.append(Pair(row, "tie", "tie", len(before), len(after), same=True))
        elif forward is not None and backward is not None:
            pairs.append(Pair(row, forward, backward, len(before), len(after)))
        else:
            continue
        among.append(groups[place])
    outcomes = {pair.row: pair.outcome for pair in pairs if not pair.same}
    return {"n": len(pairs), "pairs": pairs_json(pairs, among)}, outcomes


def _grades(
    judge: Judge,
    by_row: Mapping[int, Mapping[str, Judged]],
    examples: Sequence[Example],
    systems: Systems,
    groups: Sequence[Hashable],
) -> tuple[dict[str, Any], dict[str, Outcome]]:
    means = []
    for name, _ in systems:
        graded = {place: parts[name].grade for place, parts in by_row.items() if parts[name].grade is not None}
        values = [float(grade) for grade in graded.values() if grade is not None]
        means.append({"name": name, **mean_json(values, [groups[place] for place in graded])})
    found: dict[str, Any] = {"n": max(int(each["n"]) for each in means), "systems": means}
    if len(systems) < 2:
        return found, {}
    (one, before), (other, after) = systems
    both: dict[int, tuple[float, float]] = {}
    for place, parts in by_row.items():
        first, second = parts[one].grade, parts[other].grade
        if first is not None and second is not None:
            both[place] = first, second
    lengths = [(len(before[place].answer), len(after[place].answer)) for place in both]
    firsts, seconds = ([pair[side] for pair in both.values()] for side in (0, 1))
    found["pairs"] = grades_json(firsts, seconds, lengths, judge.scale, [groups[place] for place in both])
    outcomes: dict[str, Outcome] = {
        examples[place].key: "won" if second > first else "lost" if second < first else "tie"
        for place, (first, second) in both.items()
        if before[place].answer != after[place].answer
    }
    return found, outcomes
