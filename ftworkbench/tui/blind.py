"""Votes of a blind comparison: how they are kept, and what they say in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ftworkbench.figures import count

if TYPE_CHECKING:
    from ftworkbench.evaluate.votes import Tally, Vote, Word
    from ftworkbench.jobs.story import Answer
    from ftworkbench.tui.comparing import Asked
    from ftworkbench.workspace import Workspace

_PROOF = ("template_sha256", "seed", "temperature", "top_p", "max_new_tokens")


class Blind:
    """The votes of a workspace, and the preferences that they make."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def cast(self, word: Word, asked: Asked, order: tuple[str, ...], answers: Mapping[str, Answer]) -> str:
        """Keeps a vote on two answers, and the preference that it is; gives the tally in words."""
        from ftworkbench.evaluate.votes import Side, Vote, cast, read_votes, tally, write_preferences

        left, right = (Side(name, _sha256(answers[name]), answers[name].text) for name in order)
        question, totals = asked.question, answers[order[0]].totals
        vote = Vote(
            word=word,
            left=left,
            right=right,
            messages=question.messages,
            rows=question.rows,
            row=question.row,
            how={name: totals[name] for name in _PROOF if name in totals},
        )
        cast(self._workspace.votes, vote)
        votes = read_votes(self._workspace.votes)
        write_preferences(self._workspace.preferences, votes)
        first, second = sorted((left, right), key=lambda side: asked.names.index(side.name), reverse=True)
        return tally_words(tally(votes, first.who, second.who), first.name, second.name)

    def take_back(self) -> Vote | None:
        """Takes the last vote back, and its preference."""
        from ftworkbench.evaluate.votes import read_votes, take_back, write_preferences

        vote = take_back(self._workspace.votes)
        if vote is not None:
            write_preferences(self._workspace.preferences, read_votes(self._workspace.votes))
        return vote


def _sha256(answer: Answer) -> str | None:
    found: Any = answer.totals.get("adapter_sha256")
    return None if found is None else str(found)


def tally_words(found: Tally, one: str, other: str) -> str:
    """How often one was preferred to the other, and between which shares that lies."""
    said = f"{count(found.n, 'vote')}: {one} {found.won}, {other} {found.lost}"
    if found.ties or found.both_bad:
        said += f", tie {found.ties}, both bad {found.both_bad}"
    if found.share is None:
        return said
    low, high = found.interval
    return f"{said} · {one} wins {found.share:.0%} (95%: {low:.0%} to {high:.0%})"
