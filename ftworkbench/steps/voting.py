"""Blind comparisons: a vote is kept with the preference that it makes, or taken back with it."""

from __future__ import annotations

from dataclasses import dataclass

from ftworkbench.evaluate.votes import Side, Tally, Vote, cast, read_votes, take_back, tally, write_preferences
from ftworkbench.jobs.story import Answer
from ftworkbench.steps.held_out import prompts_of_test_rows
from ftworkbench.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """What all votes between two say of `one`. `labels` is how many of them were cast to check a judge."""

    one: Side
    other: Side
    tally: Tally
    labels: int


def side_of(name: str, answer: Answer) -> Side:
    """Who stands on a side with a whole answer, and what it rests on."""
    return Side(name, answer.adapter_sha256, answer.text, answer.proof)


def cast_vote(workspace: Workspace, vote: Vote) -> None:
    """Keeps a vote, and the preference that it makes unless it was on a test prompt. Raises OSError."""
    cast(workspace.votes, vote)
    renew_preferences(workspace)


def take_vote_back(workspace: Workspace) -> Vote | None:
    """Takes the last vote of a blind comparison back, and its preference; labels for a judge stay. None: there is none.

    Raises OSError.
    """
    vote = take_back(workspace.votes, lambda vote: "evaluation" not in vote.how)
    if vote is not None:
        renew_preferences(workspace)
    return vote


def tally_between(workspace: Workspace, one: Side, other: Side) -> Tally:
    """What all votes of the workspace between two say of the first of them."""
    return tally(read_votes(workspace.votes), one.who, other.who)


def standings(workspace: Workspace) -> list[Standing]:
    """Everybody between whom there are votes, in the order of the first: an adapter before what it is held against."""
    votes = read_votes(workspace.votes)
    pairs: dict[frozenset[tuple[str, str | None]], list[Vote]] = {}
    for vote in votes:
        pairs.setdefault(frozenset((vote.left.who, vote.right.who)), []).append(vote)
    found = []
    for between in pairs.values():
        one, other = sorted((between[0].left, between[0].right), key=lambda side: (not side.adapter_sha256, side.name))
        labels = sum("evaluation" in vote.how for vote in between)
        found.append(Standing(one, other, tally(between, one.who, other.who), labels))
    return found


def renew_preferences(workspace: Workspace) -> None:
    """Writes the preferences anew, of all votes that stand, by the test rows as they are frozen now. Raises OSError."""
    write_preferences(workspace.preferences, read_votes(workspace.votes), prompts_of_test_rows(workspace))
