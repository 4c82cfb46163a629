"""Measuring what serving takes: base, adapter, both merged, and prompting, in turns on the same rows."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from transformers.generation.streamers import BaseStreamer

from ftworkbench.data.example import Example
from ftworkbench.errors import JobError
from ftworkbench.evaluate.contestants import Contestant, Message, build_messages, tuned
from ftworkbench.evaluate.serving import ADAPTER, BASE, MERGED, PROMPTED, Served, Timed, serving_json
from ftworkbench.jobs.folder import Job
from ftworkbench.machine import free_memory
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.adapter import attach
from ftworkbench.worker.decoding import LAUNCHED
from ftworkbench.worker.generate import Sampling, context_of, run
from ftworkbench.worker.measuring import Measuring
from ftworkbench.worker.merge import base_to_merge_into
from ftworkbench.worker.models import GIB, give_back_memory, parameters, peak, reset_peak
from ftworkbench.worker.reasons import out_of_memory, traced
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.work import StoppedError, Work

_NEW_TOKENS = {"cpu": 16, "cuda": 64}
_WARM_UP = 2  # tokens that are not counted: the first answer also pays for what is set up once
_SPARE = 0.8  # of the memory that is free: a machine that swaps measures its disk
_SPARE_ON_CARD = 0.95


@dataclass
class _System:
    """Who answers: `opened` gives the model while it does. `aside` are bytes that are held for the others alone.

    `asked` says which of a row's prompts it is given.
    """

    name: str
    opened: Callable[[], AbstractContextManager[Any]]
    aside: int = 0
    note: str = ""
    asked: str = ADAPTER
    answers: list[Timed] = field(default_factory=list)
    peak: float = 0.0

    def served(self, device: str) -> Served:
        held = self.peak - self.aside / GIB if device == "cuda" else None
        return Served(self.name, tuple(self.answers), held, self.note)


def measure_serving(
    work: Work,
    measuring: Measuring,
    examples: Sequence[Example],
    trained: tuple[Job, Recipe],
    prompted: Mapping[str, Sequence[Message]] | None = None,
) -> dict[str, Any] | None:
    """What verdict.json says of serving; None, said in a notice, where it cannot be measured.

    `prompted` has what prompting sends for each row, by the row's key, where the same model answers it.
    The model of `measuring` has the adapter on it and is left as it is, to the bit: what is merged is another.
    """
    try:
        return _measured(work, measuring, examples, trained, prompted or {})
    except StoppedError:
        raise
    except Exception as error:  # the verdict stands, and is not to be lost for this
        why = "there is no room for it beside the model" if out_of_memory(error) else traced(error)
        work.notice(f"serving was not measured: {why}", "serving")
        return None
    finally:  # the merged model goes before a judge comes
        give_back_memory(work.device)


def _measured(
    work: Work,
    measuring: Measuring,
    examples: Sequence[Example],
    trained: tuple[Job, Recipe],
    prompted: Mapping[str, Sequence[Message]],
) -> dict[str, Any]:
    began = time.monotonic()
    model, tokens = measuring.base(), _NEW_TOKENS[work.device]
    if work.device == "cpu":
        tokens = max(2, min(tokens, work.recipe.evaluate.max_new_tokens))
    template, context = measuring.template, context_of(model)

    def fitting(messages: Sequence[Message], example: Example) -> list[int]:
        try:
            prompt = template.prompt(messages, example.tools)
        except RenderError:
            return []  # said where it was measured
        return prompt if context is None or len(prompt) + tokens <= context else []

    rows = _rows(fitting, examples, tuned(trained[1].prompt), prompted)
    systems, missing = _systems(work, model, trained)
    if any(PROMPTED in row for row in rows):
        rows = [row for row in rows if PROMPTED in row]
        systems.append(replace(systems[0], name=PROMPTED, asked=PROMPTED, answers=[]))
    elif prompted:
        missing[PROMPTED] = "its prompts leave no room in the model's context"
    _take_turns(work, template, systems, rows, tokens)
    served = [each.served(work.device) for each in systems]
    return serving_json(served, tokens, device_words(work.device), missing, time.monotonic() - began)


def device_words(device: str) -> str:
    """What the model runs on, as the report calls it."""
    return torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} CPU threads"


def _rows(
    fitting: Callable[[Sequence[Message], Example], list[int]],
    examples: Sequence[Example],
    contestant: Contestant,
    prompted: Mapping[str, Sequence[Message]],
) -> list[dict[str, list[int]]]:
    """Each example as the tuned model is asked it, and as prompting asks it, where that leaves room for the answer."""
    rows = []
    for example in examples:
        row = {ADAPTER: fitting(build_messages(contestant, example.prompt), example)}
        if example.key in prompted:
            row[PROMPTED] = fitting(prompted[example.key], example)
        if row[ADAPTER]:
            rows.append({who: prompt for who, prompt in row.items() if prompt})
    if not rows:
        raise JobError("no prompt leaves room in the model's context")
    return rows


# -------------------------------------------------------------------------------------------------
# The systems


def _systems(work: Work, model: Any, trained: tuple[Job, Recipe]) -> tuple[list[_System], dict[str, str]]:
    """The three systems; of a merged model that cannot be had, why not."""
    with bare(model) as base:
        its = {each.data_ptr() for each in base.parameters()}
    adapter = sum(each.nbytes for each in model.parameters() if each.data_ptr() not in its)
    held = _allocated(work.device)
    systems = [_System(BASE, lambda: bare(model), adapter), _System(ADAPTER, lambda: nullcontext(model))]
    try:
        merged, note = _merged(work, model, trained)
    except StoppedError:
        raise
    except Exception as error:
        why = "there is no room for it beside the model" if out_of_memory(error) else traced(error)
        return systems, {MERGED: why}
    shared = {each.data_ptr() for each in model.parameters()}
    both = sum(each.nbytes for each in merged.parameters() if each.data_ptr() in shared)
    more = _allocated(work.device) - held
    systems = [replace(each, aside=each.aside + more) for each in systems]
    return [*systems, _System(MERGED, lambda: nullcontext(merged), held - both, note)], {}


@contextmanager
def bare(model: Any) -> Iterator[Any]:
    """The base model while the block runs, its layers without what PEFT wraps them in.

    A layer whose adapter is merely disabled is still asked whether it is.
    """
    wrapped = [
        (parent, name, child)
        for parent in model.get_base_model().modules()
        for name, child in parent.named_children()
        if isinstance(child, BaseTunerLayer | AuxiliaryTrainingWrapper)
    ]
    for parent, name, child in wrapped:
        inside = child.get_base_layer() if isinstance(child, BaseTunerLayer) else child.original_module
        setattr(parent, name, inside)
    try:
        yield model.get_base_model()
    finally:
        for parent, name, child in wrapped:
            setattr(parent, name, child)


def _merged(work: Work, model: Any, trained: tuple[Job, Recipe]) -> tuple[Any, str]:
    """The merged model as it is shipped, and what there is to say of it. Raises JobError where memory is short.

    An adapter on a quantized base is shipped in whole weights, so those are read anew.
    """
    job, recipe = trained
    dtype = recipe.model.dtype or "float32"
    whole = not (work.recipe.quantization.load_in_4bit or work.recipe.quantization.load_in_8bit)
    _require_room(work.device, parameters(model)[0] * getattr(torch, dtype).itemsize, read=not whole)
    if whole:
        return merged_beside(model), ""
    merged = attach(base_to_merge_into(work, recipe, dtype), job).merge_and_unload(safe_merge=True).eval()
    bits = 4 if work.recipe.quantization.load_in_4bit else 8
    return merged, f"in {dtype}, as it is shipped, where base and adapter have {bits}-bit weights"


def _require_room(device: str, needed: int, *, read: bool) -> None:
    """Raises JobError where so many bytes of weights are too many; what is `read` comes through the machine's memory.

    The machine's own system would end the whole evaluation for it.
    """
    room = {}
    if device == "cpu" or read:
        room["memory"] = _SPARE * free_memory()
    if device == "cuda":
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        room["the card's memory"] = _SPARE_ON_CARD * (torch.cuda.mem_get_info()[0] + unused)
    for what, free in room.items():
        if needed > free:
            raise JobError(f"its weights take {needed / GIB:.1f} GiB, and {free / GIB:.1f} GiB of {what} can be had")


def merged_beside(model: Any) -> Any:
    """The merged model of one with an adapter on it, which stays as it is: both share what nothing is merged into."""
    own = {id(each): torch.nn.Parameter(each.data, requires_grad=False) for each in model.parameters()}
    return copy.deepcopy(model, own).merge_and_unload(safe_merge=True).eval()


def _allocated(device: str) -> int:
    return int(torch.cuda.memory_allocated()) if device == "cuda" else 0


# -------------------------------------------------------------------------------------------------
# The answers


def _take_turns(
    work: Work,
    template: Template,
    systems: Sequence[_System],
    rows: Sequence[Mapping[str, list[int]]],
    tokens: int,
) -> None:
    """Every row to every system, another one first each time: whatever the machine does, it does to all alike."""
    # No token ends an answer, so that all are of one length: the one that is said to is in no vocabulary.
    endless = replace(template, ends=frozenset({2**31 - 1}))
    for system in systems:
        with system.opened() as model:
            _answer(model, endless, rows[0][system.asked], _WARM_UP)
    for place, row in enumerate(rows):
        turn = place % len(systems)
        for system in (*systems[turn:], *systems[:turn]):
            with system.opened() as model:
                reset_peak(work.device)
                system.answers.append(_answer(model, endless, row[system.asked], tokens))
                system.peak = max(system.peak, peak(work.device))
        work.progress("serving", place + 1, len(rows), "rows")
        work.leave_if_stopped()


def _answer(model: Any, template: Template, prompt: list[int], tokens: int) -> Timed:
    clock = _Clock()
    run(model, template, [prompt], Sampling(tokens), tokens, streamer=clock)
    if len(clock.came) != tokens:
        raise JobError(f"an answer has {len(clock.came)} tokens, where {tokens} were asked for")
    # The first steps on a card are launched one by one, and then one is recorded, once for each answer.
    steady = min(LAUNCHED + 1, tokens - 2) if model.device.type == "cuda" else 0
    return Timed(clock.came[0] - clock.began, (clock.came[-1] - clock.came[steady]) / (tokens - 1 - steady))


class _Clock(BaseStreamer):  # type: ignore[misc]
    """When each token of an answer came, as whoever reads it sees them come."""

    def __init__(self) -> None:
        self.came: list[float] = []
        self._prompt = True
        self.began = time.perf_counter()

    def put(self, value: Any) -> None:
        if self._prompt:  # it comes first, whole
            self._prompt = False
        else:
            self.came.append(time.perf_counter())

    def end(self) -> None:
        """Nothing: an answer is whole with its last token."""
