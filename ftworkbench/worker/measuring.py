"""How contestants answer the rows: by the model that is loaded, or by one behind an endpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ftworkbench.data.example import Example
from ftworkbench.errors import InputError, JobError
from ftworkbench.evaluate.contestants import Contestant, Endpoint
from ftworkbench.evaluate.outputs import Output, append_outputs, read_outputs, write_outputs
from ftworkbench.evaluate.prompting import Prompted, Prompting
from ftworkbench.jobs.folder import Job, read_manifest
from ftworkbench.worker.endpoint_reply import REFUSED, Reply, counted, kind
from ftworkbench.worker.generate import Answer, Sampling, generate
from ftworkbench.worker.models import load_base
from ftworkbench.worker.reference_loss import with_reference_losses
from ftworkbench.worker.scoring import Scoring
from ftworkbench.worker.smaller import tell_fewer
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import Work

_TELL_EVERY = 0.2


class Measuring:
    """The model, the prompts, and the folder that answers go to as they come. The model is loaded when it is needed."""

    def __init__(self, work: Work, template: Template, prompting: Prompting) -> None:
        self.work = work
        self.model: Any = None
        self.template = template
        self._prompting = prompting
        self.at_once: dict[str, int] = {}  # prompts that were asked at once where memory was short, by the file's name
        self._spent: dict[Endpoint, float] = {}

    def path(self, name: str) -> Path:
        return self.work.job.outputs / f"{name}.jsonl"

    def base(self) -> Any:
        """The model that answers: the base, unless an adapter was put on it."""
        if self.model is None:
            self.model = load_base(self.work.recipe, self.work.workspace, self.work.device)
        return self.model

    def answer(self, name: str, contestant: Contestant, examples: Sequence[Example]) -> list[Output]:
        """How the contestant answers the examples; also in `outputs/NAME.jsonl`, in their order.

        What an earlier attempt of this job has of it is not asked again. Raises JobError where an endpoint leaves more
        rows without an answer than the recipe allows.
        """
        asked = [self._prompting.ask(contestant, example.prompt) for example in examples]
        rows = _Rows(self.work, self.path(name), name, asked, examples)
        rows.keep(self._known(name, contestant))
        if contestant.endpoint is None:
            self._generate(rows)
        else:
            self._ask(rows, contestant.endpoint)
        return rows.end()

    def _known(self, name: str, contestant: Contestant) -> list[Output]:
        """What is answered already: by an earlier attempt of this job, by an endpoint for an earlier job too."""
        found = read_outputs(self.path(name))
        before = self.work.args.get("answers") if contestant.endpoint else None
        seen: set[Path] = set()
        while before:
            job = Job(Path(str(before)))
            if job.path in seen or not job.path.is_dir():
                break
            seen.add(job.path)
            found = [*read_outputs(job.outputs / f"{name}.jsonl"), *found]
            before = (read_manifest(job).get("args") or {}).get("answers")
        return found

    def _generate(self, rows: _Rows) -> None:
        recipe = self.work.recipe
        prompts, refused = self._prompts(rows)

        def tell(answers: Mapping[int, Answer]) -> None:
            sizes = {rows.open[place]: len(prompts[place]) for place in answers}
            rows.add({rows.open[place]: each for place, each in answers.items()}, sizes)

        def fewer(size: int) -> None:
            self.at_once[rows.name] = size
            tell_fewer(self.work, size)

        sampling = Sampling(recipe.evaluate.max_new_tokens)
        if prompts:
            size = recipe.evaluate.batch_size
            generate(self.base(), self.template, prompts, sampling, batch_size=size, tell=tell, fewer=fewer)
        rows.say_what_was_not_asked(refused)

    def _ask(self, rows: _Rows, endpoint: Endpoint) -> None:
        from ftworkbench.worker.endpoint import Question, ask_endpoint

        self._spent[endpoint] = self._spent.get(endpoint, 0.0) + rows.paid
        if not rows.open:
            return
        places, work = list(rows.open), self.work
        asks = _asks(rows, endpoint, self._usage(rows))
        spent = self._spent.get(endpoint, 0.0)
        if endpoint.budget is not None and asks.about is not None and spent + asks.about > endpoint.budget:
            raise InputError(f"{asks.words}, {spent:.2g} spent before: more than its budget of {endpoint.budget:g}")
        work.notice(asks.words, "endpoint-asked", level="info")

        def tell(place: int, reply: Reply) -> None:
            rows.add({places[place]: reply})
            self._spent[endpoint] = self._spent.get(endpoint, 0.0) + (reply.cost or 0.0)
            if endpoint.budget is not None and self._spent[endpoint] > endpoint.budget:
                raise JobError(
                    f"{rows.name}: its budget of {endpoint.budget:g} is spent; what was answered is kept: raise budget "
                    "in the recipe and evaluate again"
                )

        ask_endpoint(
            endpoint,
            [Question(rows.asked[place].messages, rows.examples[place].tools) for place in places],
            work.recipe.evaluate.max_new_tokens,
            tell=tell,
            say=lambda text: work.notice(f"{rows.name}: {text}", "endpoint", level="info"),
            look=work.leave_if_stopped,
        )
        rows.require_answers(endpoint.allow_failed)

    def _usage(self, rows: _Rows) -> tuple[int, int, int]:
        """About the tokens of the open prompts and of their answers, by this model's count, and the most of answers."""
        most = self.work.recipe.evaluate.max_new_tokens * len(rows.open)
        answers = [rows.examples[place].answer for place in rows.open]
        usual = sum(len(self.template.tokenizer(each)["input_ids"]) + 1 for each in answers)
        return sum(self._count(rows.asked[place]) for place in rows.open), min(most, usual), most

    def _count(self, asked: Prompted) -> int:
        try:
            return len(self.template.prompt(asked.messages))
        except RenderError:
            return sum(len(str(each.get("content") or "").encode()) for each in asked.messages) // 4

    def scored(self, name: str, contestant: Contestant, examples: Sequence[Example], scoring: Scoring) -> list[Output]:
        """As answer, with the score of each answer beside it."""
        outputs = self.answer(name, contestant, examples)
        return self.score(name, outputs, examples, scoring, own=contestant.endpoint is None)

    def score(
        self, name: str, outputs: Sequence[Output], examples: Sequence[Example], scoring: Scoring, *, own: bool = True
    ) -> list[Output]:
        """The outputs with their scores, also in their file; what they lack for that is measured.

        Not `own` are those of another model, whose loss on the references cannot be known.
        """
        if own and scoring.needs_reference_loss and any(each.reference_loss is None for each in outputs):

            def tell(done: int) -> None:
                self.work.progress(f"{name} references", done, len(outputs), "rows")
                self.work.leave_if_stopped()

            outputs = with_reference_losses(self.base(), self.template, outputs, examples, tell)
        found = scoring.scored(self.work, name, outputs, examples)
        write_outputs(self.path(name), found)
        return found

    def _prompts(self, rows: _Rows) -> tuple[list[list[int]], list[str]]:
        """The tokens of each open prompt, none for one that the template refuses, and the rows of those."""
        prompts: list[list[int]] = []
        refused: list[str] = []
        for place in rows.open:
            try:
                prompts.append(self.template.prompt(rows.asked[place].messages, rows.examples[place].tools))
            except RenderError as error:
                if not refused:
                    self.work.notice(f"a prompt cannot be asked: {error}", "template-refused")
                refused.append(rows.examples[place].key)
                prompts.append([])
        return prompts, refused


class _Rows:
    """The rows of one contestant while they are answered; `open` are the places of those that are not yet."""

    def __init__(
        self, work: Work, path: Path, name: str, asked: Sequence[Prompted], examples: Sequence[Example]
    ) -> None:
        self._work = work
        self._path = path
        self.name = name
        self.asked = asked
        self.examples = examples
        self._found: dict[int, Output] = {}
        self.open: list[int] = list(range(len(examples)))
        self._told = 0.0

    def keep(self, known: Sequence[Output]) -> None:
        """Takes over what is answered already: the very same prompt of the same row, without an error."""
        by_row = {each.row: each for each in known if each.tokens and not each.error}
        for place, (asked, example) in enumerate(zip(self.asked, self.examples, strict=True)):
            each = by_row.get(example.key)
            if each and each.messages == asked.messages and each.reference == example.answer:
                self._found[place] = each
        self.open = [place for place in range(len(self.examples)) if place not in self._found]
        write_outputs(self._path, self._found.values())
        self._work.progress(self.name, len(self._found), len(self.examples), "rows")

    @property
    def paid(self) -> float:
        """What the answers that are there already have cost."""
        return sum(each.cost or 0.0 for each in self._found.values())

    def add(
        self, answers: Mapping[int, Answer | Reply], prompt_tokens: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """Writes answers by their places. Raises StoppedError where the job was asked to stop."""
        new = {
            place: _output(self.examples[place], self.asked[place], each, prompt_tokens.get(place, 0))
            for place, each in answers.items()
        }
        self._found.update(new)
        append_outputs(self._path, new.values())
        now = time.monotonic()
        if now - self._told > _TELL_EVERY or len(self._found) == len(self.examples):
            self._told = now
            self._work.progress(self.name, len(self._found), len(self.examples), "rows")
        self._work.leave_if_stopped()

    def end(self) -> list[Output]:
        """All outputs, in the order of the rows, in their file too."""
        ordered = self._ordered()
        write_outputs(self._path, ordered)
        cut = [each.row for each in ordered if each.finish == "length" and each.tokens]
        if cut:
            text = f"{self.name}: {len(cut)} of {len(ordered)} answers were cut off at evaluate.max_new_tokens"
            self._work.notice(text, "answers-cut", level="info", rows=cut)
        return ordered

    def _ordered(self) -> list[Output]:
        return [self._found[place] for place in range(len(self.examples))]

    def say_what_was_not_asked(self, refused: Sequence[str]) -> None:
        """Says which prompts the model could not be asked."""
        outputs = self._ordered()
        silent = [each.row for each in outputs if not each.tokens]
        if silent:
            why = f"{len(refused)} refused by the chat template, {len(silent) - len(refused)} longer than the context"
            text = f"{self.name}: {len(silent)} of {len(outputs)} prompts could not be asked and count as wrong: {why}"
            self._work.notice(text, "prompt-too-long", rows=silent)

    def require_answers(self, allowed: float) -> None:
        """Says which rows have no answer, and why. Raises JobError where more than the allowed share failed.

        What the server refuses it would refuse again: that counts as wrong, and is no failure of the evaluation.
        """
        outputs = self._ordered()
        without = [each for each in outputs if each.error]
        if not without:
            return
        write_outputs(self._path, outputs)
        why = counted(each.error for each in without)
        text = f"{self.name}: {len(without)} of {len(outputs)} rows have no answer and count as wrong: {why}"
        self._work.notice(f"{text}; the first: {without[0].error}", "endpoint-failed", rows=[e.row for e in without])
        failed = [each for each in without if not kind(each.error).startswith(REFUSED)]
        again = f"`ftworkbench resume {self._work.job.short}` asks those again, and no others"
        if len(without) == len(outputs):
            raise JobError(f"{self.name}: none of {len(outputs)} rows was answered ({without[0].error}); {again}")
        if len(failed) > allowed * len(outputs):
            why = counted(each.error for each in failed)
            raise JobError(f"{self.name}: {len(failed)} of {len(outputs)} rows could not be had ({why}); {again}")


@dataclass(frozen=True)
class _Asks:
    """What is about to be asked of an endpoint, in words, and about what it costs; None where that is not known."""

    words: str
    about: float | None


def _asks(rows: _Rows, endpoint: Endpoint, usage: tuple[int, int, int]) -> _Asks:
    prompts, usual, most = usage
    words = (
        f"{rows.name}: asks {endpoint.model} at {endpoint.url}: {len(rows.open):,} requests, "
        f"{endpoint.concurrency} at once, about {prompts:,} tokens of prompts and {usual:,} of answers, "
        f"at most {most:,}"
    )
    about, at_most = endpoint.cost(prompts, usual), endpoint.cost(prompts, most)
    if about is None or at_most is None:
        return _Asks(f"{words}; the recipe says no prices", None)
    return _Asks(f"{words}: about {about:.2g}, at most {at_most:.2g} by the recipe's prices", about)


def _output(example: Example, asked: Prompted, answer: Answer | Reply, prompt_tokens: int) -> Output:
    output = Output(
        example.key,
        tuple(dict(message) for message in asked.messages),
        example.answer,
        answer.text,
        answer.finish,
        answer.tokens,
        round(answer.seconds, 4),
        prompt_tokens=prompt_tokens,
        contexts=asked.contexts,
    )
    if isinstance(answer, Answer):
        return output
    return replace(
        output,
        first_token_seconds=answer.first_token_seconds,
        error=answer.error,
        prompt_tokens=answer.prompt_tokens,
        cost=answer.cost,
    )
