"""Why a job failed, in one line for a person. The trace goes to worker.log."""

from __future__ import annotations

import errno
import traceback

from ftworkbench.errors import WorkbenchError
from ftworkbench.printable import one_line

_LONGEST = 300
_MEMORY = (
    "ran out of {where} memory: halve train.per_device_train_batch_size and double "
    "train.gradient_accumulation_steps, or lower train.max_length, or set train.gradient_checkpointing = true, "
    "or quantization.load_in_4bit = true"
)
_MEMORY_ANSWERING = (
    "ran out of {where} memory, and fewer prompts at once would not help: end what else is there, or set "
    "quantization.load_in_4bit = true, or lower evaluate.max_new_tokens or the number of few-shot examples"
)
# By the names of the classes: importing them would import the libraries.
_HUB = {
    "GatedRepoError": "the model is gated: ask for access on its page, then set HF_TOKEN in the environment",
    "RepositoryNotFoundError": "the hub has no such model, or it is private: check model.model_id, or set HF_TOKEN",
    "RevisionNotFoundError": "the model has no such revision: check model.revision",
    "LocalEntryNotFoundError": "the hub cannot be reached, and the model is not on this machine yet",
    "OfflineModeIsEnabled": "the hub may not be asked (HF_HUB_OFFLINE), and the model is not on this machine yet",
    "EntryNotFoundError": "the model lacks a file that is needed",
    "HfHubHTTPError": "the hub did not answer as it should; try again later",
}
_TEXTS = (
    ("gated repo", _HUB["GatedRepoError"]),
    ("couldn't connect to", _HUB["LocalEntryNotFoundError"]),
    ("cannot find the requested files in the local cache", _HUB["LocalEntryNotFoundError"]),
    ("is not a local folder and is not a valid model identifier", _HUB["RepositoryNotFoundError"]),
    ("requires you to execute", "needs code of its own to run; read it first, then say model.trust_remote_code = true"),
    (
        "does not work with lora_dropout",
        "this model's experts are tuned as whole tensors, where PEFT has no dropout: say lora.lora_dropout = 0",
    ),
    ("target modules", "lora.target_modules names no layer that the model has"),
)


def chain(error: BaseException) -> list[BaseException]:
    """The error, and those that it came from."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found


def out_of_memory(error: BaseException) -> bool:
    """Whether memory, the card's or the machine's, ran out."""
    return any(_memory(each) is not None for each in chain(error))


def _memory(error: BaseException) -> str | None:
    """Whose memory ran out; None where none did."""
    names = {each.__name__ for each in type(error).__mro__}
    text = str(error)
    if "OutOfMemoryError" in names or "CUDA out of memory" in text or "CUBLAS_STATUS_ALLOC_FAILED" in text:
        return "GPU"
    return "the machine's" if isinstance(error, MemoryError) or "can't allocate memory" in text else None


def reason(error: BaseException, *, training: bool = True) -> str:
    """What went wrong and what to do, on one printable line; where memory ran out, by whether something is trained."""
    if isinstance(error, WorkbenchError):
        return one_line(str(error), _LONGEST)
    for each in chain(error):
        known = _known(each, _MEMORY if training else _MEMORY_ANSWERING)
        if known:
            return known
    text = str(error).strip()
    first = text.splitlines()[0] if text else "no reason was given"
    return one_line(f"{type(error).__name__}: {first}; the trace is in worker.log", _LONGEST)


def traced(error: BaseException) -> str:
    """`reason`, once the trace is written to worker.log: for a failure that the job survives."""
    if not isinstance(error, WorkbenchError):
        traceback.print_exception(error)
    return reason(error)


def _known(error: BaseException, memory: str) -> str | None:
    text = str(error)
    where = _memory(error)
    if where is not None:
        return memory.format(where=where)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "the disk is full: make room, then resume the job"
    for name in (each.__name__ for each in type(error).__mro__):
        if name in _HUB:
            return _HUB[name]
    lowered = text.lower()
    for part, said in _TEXTS:
        if part in lowered:
            first = text.strip().splitlines()[0]
            return one_line(f"{said} ({first})", _LONGEST)
    return None
