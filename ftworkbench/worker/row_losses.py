"""The loss of every training row, by the base and by the tuned weights: which rows were learned, which were not."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import orjson
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from ftworkbench.files import replace_file
from ftworkbench.jobs.rows import ROWS
from ftworkbench.worker.reasons import traced
from ftworkbench.worker.rows import Rows
from ftworkbench.worker.streaming import without_adapter
from ftworkbench.worker.tokens import IGNORED, Encoded
from ftworkbench.worker.trainer import Tuner
from ftworkbench.worker.work import StoppedError, Work

MOST_ROWS = 20_000
_TOKENS = {"cpu": 2048, "cuda": 8192}  # in a batch, padding included
_LOGITS = 2**26  # numbers: 256 MiB in float32
_LEAST_SHARED = 16  # tokens at the head of all rows that are worth being read once only
_SAME = 5e-3  # nats: what reading the head once may change in a row's loss (bfloat16 rounds at 4e-3)
_TELL_EVERY = 0.2  # seconds

Tell = Callable[[int], None]


def write_row_losses(
    work: Work,
    tuner: Tuner,
    rows: Rows,
    row_keys: Mapping[str, str],
    reload: Callable[[Work, Tuner], object] | None = None,
) -> float | None:
    """Writes `outputs/rows.jsonl`: for each row its `key`, `tokens`, `trained`, `loss_before` and `loss_after`.

    Losses are means over the tokens that are learned, in nats. `row_keys` are the keys of the rows that examples come
    from, by the example's; `reload` gives the tuner the model as it was saved, first. Gives the seconds that it took;
    None, with the reason said unless it was told to stop, where it was not done.
    """
    if not work.recipe.method.row_losses or not len(rows):
        return None
    if len(rows) > MOST_ROWS:
        text = f"the loss of each row is not measured: {len(rows):,} are more than {MOST_ROWS:,}"
        work.notice(text, "row-losses", level="info")
        return None
    began = told = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told
        work.leave_if_stopped()
        if done == 2 * len(rows) or time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            work.progress("row losses", done // 2, len(rows), "rows")  # each is read twice

    try:
        if reload is not None:
            reload(work, tuner)
        with without_adapter(tuner.model):
            before = row_losses(tuner, rows.encoded, tell)
        after = row_losses(tuner, rows.encoded, lambda done: tell(len(rows) + done))
        _write(work.job.outputs / ROWS, rows, row_keys, before, after)
    except StoppedError:
        return None
    except Exception as error:  # the adapter is saved: nothing that fails here may fail the job
        work.notice(f"the loss of each row was not measured: {traced(error)}", "row-losses")
        return None
    return time.monotonic() - began


def _write(
    path: Path, rows: Rows, row_keys: Mapping[str, str], before: Sequence[float], after: Sequence[float]
) -> None:
    lines = []
    for key, each, base, tuned in zip(rows.keys, rows.encoded, before, after, strict=True):
        counts = {"tokens": len(each.input_ids) + len(each.cut), "trained": each.trained}
        losses = {"loss_before": round(base, 6), "loss_after": round(tuned, 6)}
        lines.append(orjson.dumps({"key": row_keys.get(key, key), **counts, **losses}) + b"\n")
    path.parent.mkdir(exist_ok=True)
    replace_file(path, b"".join(lines))


def row_losses(tuner: Tuner, rows: Sequence[Encoded], tell: Tell = lambda done: None) -> list[float]:
    """The mean loss over the learned tokens of each row, as the trainer computes it, without dropout.

    What all rows have at their head, such as the system prompt, is read once. `tell` is given how many rows are done.
    """
    device = tuner.model.device
    room = _TOKENS.get(device.type, _TOKENS["cpu"])
    order = sorted(range(len(rows)), key=lambda index: len(rows[index].input_ids))
    found: dict[int, float] = {}
    was_training = tuner.model.training
    tuner.model.eval()
    try:
        with torch.no_grad(), tuner.compute_loss_context_manager():
            head = _head(tuner.model, [rows[index] for index in order])
            left = order[:]
            while left:
                rest = len(rows[left[-1]].input_ids) - (head[0] if head else 0)
                count = max(room // rest, 1)
                left, batch = left[:-count], left[-count:]
                found.update(zip(batch, _losses(tuner.model, [rows[index] for index in batch], head), strict=True))
                tell(len(found))
    finally:
        tuner.model.train(was_training)
    return [found[index] for index in range(len(rows))]


Head = tuple[int, Any]


def _losses(model: Any, batch: Sequence[Encoded], head: Head | None) -> list[float]:
    """The losses of a batch; the tokens of `head` are in its cache already.

    Padding stands on the right, where causal attention never looks: no mask is needed.
    """
    start, given = 0, {}
    if head is not None:
        start = head[0]
        cache = copy.deepcopy(head[1])
        cache.batch_repeat_interleave(len(batch))
        given = {"past_key_values": cache}
    ids = pad_sequence([torch.tensor(each.input_ids[start:]) for each in batch], batch_first=True).to(model.device)
    labels = pad_sequence([torch.tensor(each.labels[start:]) for each in batch], True, IGNORED).to(model.device)
    learned = labels[:, 1:] != IGNORED
    columns = learned.any(0).nonzero().flatten()
    if _few_enough(model, len(batch) * len(columns)):
        # The head of the model is a good part of a small one: it is asked where something is learned only.
        logits = model(input_ids=ids, logits_to_keep=columns, use_cache=False, **given).logits
        targets = labels[:, columns + 1]
        sums = cross_entropy(logits.float().transpose(1, 2), targets, ignore_index=IGNORED, reduction="none").sum(1)
    else:
        sums = -model(input_ids=ids, labels=labels, fused_lm_head=True, **given).log_probs.float().sum(1)
    losses: list[float] = (sums / learned.sum(1)).tolist()
    return losses


def _few_enough(model: Any, places: int) -> bool:
    """Whether the logits of so many places may be held at once. On CUDA TRL's kernels do without them."""
    forward = model.get_base_model().forward
    size = places * model.config.get_text_config().vocab_size
    return model.device.type == "cpu" and size <= _LOGITS and "logits_to_keep" in signature(forward).parameters


def _head(model: Any, rows: Sequence[Encoded]) -> Head | None:
    """How many tokens all rows begin with, and the model's cache of them; None where that saves or serves nothing.

    Whether a model's cache serves is tried on two rows: some keep more than a cache can repeat.
    """
    shared = _shared(rows)
    if shared < _LEAST_SHARED or len(rows) < 2 * len(_ENDS):
        return None
    try:
        ids = torch.tensor([rows[0].input_ids[:shared]], device=model.device)
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        tried = [rows[place] for place in _ENDS]
        with_it, plain = _losses(model, tried, (shared, cache)), _losses(model, tried, None)
    except (AttributeError, TypeError, ValueError, NotImplementedError, RuntimeError):
        return None
    same = all(abs(one - other) <= _SAME * max(1.0, other) for one, other in zip(with_it, plain, strict=True))
    return (shared, cache) if same else None


_ENDS = (0, -1)


def _shared(rows: Sequence[Encoded]) -> int:
    """How many tokens all rows begin with, none of them learned, nor the one after them."""
    first = rows[0].input_ids
    shared = len(first)
    for each in rows:
        learned = next((place for place, label in enumerate(each.labels) if label != IGNORED), 0)
        shared = min(shared, max(learned - 1, 0))
        while each.input_ids[:shared] != first[:shared]:
            shared -= 1
    return shared
