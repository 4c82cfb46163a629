"""Out of memory: half the micro-batch in the job's next attempt, and half the prompts at once where it answers."""

from __future__ import annotations

from dataclasses import replace

from ftworkbench.files import replace_file
from ftworkbench.jobs.events import read_events
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps
from ftworkbench.worker.reasons import out_of_memory
from ftworkbench.worker.work import BeginAgainError, Work

CODE = "out-of-memory"


def begin_smaller(work: Work, error: BaseException) -> None:
    """Raises BeginAgainError where memory ran out and a smaller micro-batch may do; the job's recipe then says it.

    The rows of a step stay the same. Does nothing where it was something else, or can be made no smaller, or was made
    so often enough.
    """
    if not out_of_memory(error):
        return
    smaller = halved(work.recipe)
    if smaller is None or _times(work) >= work.recipe.launch.memory_retries:
        return
    was, now = work.recipe.train, smaller.train
    text = (
        f"ran out of memory: goes on from the last checkpoint with micro-batches of {now.per_device_train_batch_size} "
        f"instead of {was.per_device_train_batch_size}, and {now.gradient_accumulation_steps} of them for a step"
    )
    if now.per_device_train_batch_size == was.per_device_train_batch_size:
        text = (
            f"ran out of memory: goes on from the last checkpoint with {now.per_device_eval_batch_size} rows at once "
            f"in evaluations instead of {was.per_device_eval_batch_size}"
        )
    replace_file(work.job.recipe, dumps(smaller).encode())
    work.notice(text, CODE)
    raise BeginAgainError(text)


def tell_fewer(work: Work, size: int) -> None:
    """Says that so many prompts are asked at once from here on."""
    text = f"ran out of memory: {size} prompts at once from here on, as evaluate.batch_size = {size} would say"
    work.notice(text, "fewer-prompts")


def halved(recipe: Recipe) -> Recipe | None:
    """The recipe with half the micro-batch, for training and for evaluation; None where both are one row.

    Or less than half, so that whole micro-batches make the very same rows a step.
    """
    train = recipe.train
    rows, evaluated = train.micro_batch, train.per_device_eval_batch_size or 1
    if rows == evaluated == 1:
        return None
    step = rows * train.accumulation
    half = next((each for each in range(rows // 2, 1, -1) if step % each == 0), 1)
    smaller = replace(
        train,
        per_device_train_batch_size=half,
        gradient_accumulation_steps=step // half,
        per_device_eval_batch_size=max(evaluated // 2, 1),
    )
    return replace(recipe, train=smaller)


def _times(work: Work) -> int:
    """How often the job was made smaller already."""
    return sum(event.kind == "notice" and event.fields.get("code") == CODE for event in read_events(work.job.events)[0])
