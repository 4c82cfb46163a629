"""A blind comparison without the screen: what is asked, both answers to it, and on which side each stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ftworkbench.data.sources.files import sha256_of
from ftworkbench.evaluate.votes import Side, Vote, Word, read_votes, sides
from ftworkbench.jobs.adapters import WEIGHTS, find_adapter
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.story import Story
from ftworkbench.steps.asking import Question, answers_to, ask_them
from ftworkbench.steps.contenders import Contest
from ftworkbench.steps.session import passing_session
from ftworkbench.steps.voting import cast_vote, side_of
from ftworkbench.workspace import Workspace

_AHEAD = 2  # questions that are asked at once: the next is answered while a person reads


@dataclass(frozen=True)
class Pair:
    """A question with two answers, without saying whose they are."""

    question: Question
    left: Side
    right: Side


def questions_of(contest: Contest, rows: str) -> list[Question]:
    """The rows of a part of the split, "validation" or "test", to be asked in turn."""
    return [Question(tuple(each.prompt), each.answer, rows, each.key) for each in contest.rows[rows]]


def not_voted_on(contest: Contest, names: Sequence[str], questions: Sequence[Question]) -> list[Question]:
    """The questions on which nobody has voted between these two yet."""
    both = {who(contest, name) for name in names}
    votes = read_votes(contest.opened.workspace.votes)
    done = {vote.row or str(vote.messages) for vote in votes if {vote.left.who, vote.right.who} == both}
    return [each for each in questions if each.key not in done]


def who(contest: Contest, name: str) -> tuple[str, str | None]:
    """Who a contender is in the votes: its name, and the hash of the adapter that answers, if one does."""
    adapter = contest.named(name).adapter
    if not adapter:
        return name, None
    job = contest.train_job
    folder = job.adapter if job and adapter is True else find_adapter(contest.opened.workspace, str(adapter)).folder
    return name, sha256_of(folder / WEIGHTS)


@contextmanager
def answered_pairs(
    contest: Contest, names: Sequence[str], questions: Sequence[Question], tell: Callable[[Story], None]
) -> Iterator[Iterator[Pair]]:
    """Both answers to each of the questions, greedy, as they are taken; `tell` hears how the session goes on.

    The session ends with the block, unless it ran before. Raises JobError where one of the two has no answer.
    """
    with passing_session(contest.opened, contest.train_job) as session:
        yield _Asking(session, contest, tuple(names), tell).pairs(questions)


@dataclass(frozen=True)
class _Asking:
    """A session that has the same two answer one question after the other."""

    session: Job
    contest: Contest
    names: tuple[str, ...]
    tell: Callable[[Story], None]

    def pairs(self, questions: Sequence[Question]) -> Iterator[Pair]:
        requests: list[str] = []
        for place, question in enumerate(questions):
            requests += [self._ask(each) for each in questions[len(requests) : place + _AHEAD]]
            yield self._pair(requests[place], question)

    def _ask(self, question: Question) -> str:
        return ask_them(self.session, self.contest, self.names, question)

    def _pair(self, request: str, question: Question) -> Pair:
        given = answers_to(self.session, request, self.names, self.tell)
        seed = self.contest.opened.recipe.train.seed
        left, right = (side_of(name, given[name]) for name in sides(self.names, seed, question.key))
        return Pair(question, left, right)


def vote_on(workspace: Workspace, pair: Pair, word: Word) -> None:
    """Keeps a vote, and the preference that it makes: none on a test prompt, or within a talk. Raises OSError."""
    question = pair.question
    how = {"talk": True} if question.talks else {}
    vote = Vote(word, pair.left, pair.right, question.messages, question.rows, question.row, how)
    cast_vote(workspace, vote)
