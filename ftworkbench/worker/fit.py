"""Fitting: the worst step that the data really holds, with its memory, then some ordinary ones, with their time."""

from __future__ import annotations

import random
import shutil
import statistics
import time
from typing import Any

from ftworkbench.data.splits.split import load_parts
from ftworkbench.errors import InputError
from ftworkbench.files import write_json
from ftworkbench.jobs.events import read_events
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.job_template import training_template
from ftworkbench.worker.liger import apply_kernels
from ftworkbench.worker.models import load_base, parameters, peak, reset_peak
from ftworkbench.worker.reasons import out_of_memory
from ftworkbench.worker.rows import Rows, encode_rows
from ftworkbench.worker.starts import begun_config
from ftworkbench.worker.train import make_tuner, quickened
from ftworkbench.worker.work import Work

_WORST = 2  # steps of the longest rows: the second one has the optimizer's state from the beginning
_ORDINARY = 4  # steps of rows as they come; the first is not timed


def fit(work: Work) -> None:
    """Leaves `result.json`: peak memory in GiB by stage, tokens a second, hours of the whole run.

    Out of memory is an answer too: `fits` is False then.
    """
    # -------------------------------------------------------------------------------------------------
    # The longest rows, as many as a step takes

    began = time.monotonic()
    recipe, device = work.recipe, work.device
    parts = load_parts(work.workspace, recipe.name, recipe.data)
    template = training_template(work, parts.train)
    rows = encode_rows(work, template, parts.train, "train")
    held_out = encode_rows(work, template, parts.validation, "validation")
    if not len(rows):
        raise InputError("data.train: no rows are left to train on")
    step = recipe.train.micro_batch * recipe.train.accumulation
    taken = _taken(rows, step, recipe)
    evaluated = held_out.longest_first(recipe.train.per_device_eval_batch_size or 8)
    found: dict[str, Any] = {"fits": True, "parts": {}}
    stages = found["parts"]

    # -------------------------------------------------------------------------------------------------
    # Loaded, stepped, evaluated, saved

    try:
        reset_peak(device)
        model = load_base(recipe, work.workspace, device)
        apply_kernels(work, model)
        stages["load"] = peak(device)
        work.phase("running")
        tuner = make_tuner(
            work,
            model,
            template,
            taken,
            evaluated,
            peft_config=begun_config(work, None),
            row_keys=parts.row_keys,
            output_dir=work.job.path / "scratch",
            max_steps=_WORST + _ORDINARY,
            train_sampling_strategy="sequential",
            logging_steps=1,
            eval_strategy="no",
            save_strategy="no",
            load_best_model_at_end=False,
        )
        found["parameters"], found["trainable"] = parameters(tuner.model)
        work.leave_if_stopped()
        reset_peak(device)
        with quickened(recipe, model, tuner):
            tuner.train()
            stages["step"] = peak(device)
            if len(evaluated):
                reset_peak(device)
                tuner.evaluate()
                stages["evaluation"] = peak(device)
        reset_peak(device)
        tuner.save_model(str(work.job.path / "scratch" / "adapter"))
        stages["save"] = peak(device)
        found |= _pace(work, rows)
    except Exception as error:
        if not out_of_memory(error):
            raise
        found["fits"] = False
        work.notice(f"out of memory: {str(error).splitlines()[0]}", "out-of-memory")
    finally:
        shutil.rmtree(work.job.path / "scratch", ignore_errors=True)
    found["peak_gib"] = max(stages.values(), default=None)
    found["longest_tokens"] = max(len(each.input_ids) for each in rows.encoded)
    found["seconds"] = round(time.monotonic() - began, 3)
    write_json(work.job.result, found)


def _taken(rows: Rows, step: int, recipe: Recipe) -> Rows:
    """The rows of all steps: first the longest, as many as a step takes, then others as training would draw them.

    Packed sequences are all as long as one another: so many rows, then, as fill them.
    """
    if recipe.train.packing:
        tokens = (_WORST + _ORDINARY) * step * recipe.train.max_length
        return _drawn(rows, -(-tokens * len(rows) // rows.tokens) + 1, recipe.train.seed)
    longest = _repeated(rows.longest_first(step), step)
    return _one_after_the_other(*[longest] * _WORST, _drawn(rows, _ORDINARY * step, recipe.train.seed))


def _repeated(rows: Rows, count: int) -> Rows:
    """The rows, over and over, until there are so many."""
    times = -(-count // len(rows))
    return Rows((rows.encoded * times)[:count], (rows.keys * times)[:count])


def _drawn(rows: Rows, count: int, seed: int) -> Rows:
    """So many rows as training would draw them."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    shuffled = Rows(tuple(rows.encoded[i] for i in order), tuple(rows.keys[i] for i in order))
    return _repeated(shuffled, count)


def _one_after_the_other(*some: Rows) -> Rows:
    return Rows(tuple(each for rows in some for each in rows.encoded), tuple(key for rows in some for key in rows.keys))


def _pace(work: Work, rows: Rows) -> dict[str, Any]:
    """Tokens a second over the ordinary steps, in the median, and the hours that the whole run takes at that pace."""
    told = [event.fields["values"] for event in read_events(work.job.events)[0] if event.kind == "metric"]
    paces = [values["tokens_per_second"] for values in told if "tokens_per_second" in values][_WORST + 1 :]
    pace = statistics.median(paces) if paces else None
    train = work.recipe.train
    step = train.micro_batch * train.accumulation
    epochs = train.num_train_epochs if train.max_steps is None else train.max_steps * step / len(rows)
    return {
        "tokens_per_second": pace,
        "hours": rows.tokens * epochs / pace / 3600 if pace else None,
    }
