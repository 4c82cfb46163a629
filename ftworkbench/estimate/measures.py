"""What was measured on a card corrects what is estimated for it from then on."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.paths import state_dir
from ftworkbench.recipe.tables import Recipe

_KEPT = 500
# Of [train], what the memory and the speed of a step depend on.
_STEP = ("micro_batch", "per_device_eval_batch_size", "max_length", "packing", "gradient_checkpointing", "bf16", "fp16",
         "optim")  # fmt: skip
# Of [lora], what changes numbers but no cost.
_COSTLESS = frozenset({"lora_alpha", "use_rslora"})
# A correction by another measure is not trusted beyond this.
_MOST = 2.0


@dataclass(frozen=True)
class Measure:
    """Steps that were really taken. `peak_gib` is None where memory ran out; `estimated_*` are the formula's.

    `worst`: the largest batch that the data holds was among them, so that nothing needs more memory.
    `settings` name all that a step depends on; `kind` is the part of them that decides which formula holds.
    """

    job: str
    card: str
    model: str
    settings: str
    kind: str
    peak_gib: float | None
    tokens_per_second: float | None
    estimated_gib: float
    estimated_speed: float | None
    t: float
    worst: bool = True

    @property
    def place(self) -> str:
        return f"{self.card}, {time.strftime('%d %b %Y', time.localtime(self.t))}"


@dataclass(frozen=True)
class Correction:
    """What an estimate is multiplied by, and why in words; `full` says that memory ran out with these very settings."""

    peak: float = 1.0
    speed: float = 1.0
    source: str = ""
    full: bool = False


@dataclass(frozen=True)
class Measures:
    """The measures of a model on a card, oldest first, and the longest row that estimates are made for."""

    known: tuple[Measure, ...] = ()
    longest: float = 0.0

    def correction(self, recipe: Recipe) -> Correction:
        """By the newest measure of these settings, else by the newest of their kind, else none."""
        settings, kind = settings_of(recipe, self.longest), kind_of(recipe)
        same = [each for each in self.known if each.settings == settings]
        alike = [each for each in self.known if each.kind == kind and each.peak_gib is not None]
        return _by(same, "measured on", math.inf) or _by(alike, "corrected by a measure on", _MOST) or Correction()


def _by(measures: Sequence[Measure], words: str, most: float) -> Correction | None:
    """The newest peak of a worst step among them, and the newest pace; None where there is neither."""
    worst = next((each for each in reversed(measures) if each.worst), None)
    paced = next((each for each in reversed(measures) if each.tokens_per_second and each.estimated_speed), None)
    if worst is not None and worst.peak_gib is None:
        return Correction(source=f"{words} {worst.place}: memory ran out", full=True)
    newest = worst or paced
    if newest is None:
        return None
    peak = worst.peak_gib / worst.estimated_gib if worst and worst.peak_gib and worst.estimated_gib else 1.0
    speed = (paced.tokens_per_second or 1) / (paced.estimated_speed or 1) if paced else 1.0
    what = "" if worst else "pace "
    return Correction(_bounded(peak, most), _bounded(speed, most), f"{what}{words} {newest.place}")


def _bounded(factor: float, most: float) -> float:
    return min(max(factor, 1 / most), most)


def settings_of(recipe: Recipe, longest: float) -> str:
    """The hash of all that memory and speed of a step depend on, besides model and card.

    The longest row counts where rows are padded.
    """
    train = recipe.train
    adapter = recipe.ia3 if recipe.method.adapter == "ia3" else recipe.lora
    model = asdict(recipe.model)
    depends: dict[str, Any] = {
        "dtype": model["dtype"],
        "attention": model["attn_implementation"],
        "quantization": asdict(recipe.quantization),
        "adapter": [recipe.method.adapter, _costs(asdict(adapter))],
        "fused_lora": recipe.method.fused_lora,
        "liger": bool(recipe.method.liger_kernels),
        "train": [getattr(train, name) for name in _STEP],
        "extra": dict(train.extra),
        "longest": None if train.packing else round(min(longest, train.max_length) / 64),
    }
    text = json.dumps(depends, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _costs(adapter: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in adapter.items() if name not in _COSTLESS}


def kind_of(recipe: Recipe) -> str:
    """The settings that make one formula hold or another."""
    train, quantization, lora = recipe.train, recipe.quantization, recipe.lora
    parts = (
        recipe.model.dtype, recipe.model.attn_implementation, quantization.load_in_4bit, quantization.load_in_8bit,
        recipe.method.adapter, recipe.method.fused_lora, lora.use_dora, bool(lora.lora_dropout),
        train.packing, train.gradient_checkpointing, bool(recipe.method.liger_kernels),
    )  # fmt: skip
    return json.dumps(parts)


def _path() -> Path:
    return state_dir() / "measures.jsonl"


def read_measures() -> list[Measure]:
    """All measures of this user, oldest first; lines that cannot be read are passed over."""
    try:
        lines = _path().read_text(encoding="utf-8").splitlines()[-_KEPT:]
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            found.append(Measure(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def measures_of(card: str, model: str, longest: float) -> Measures:
    """Those of a model on a card."""
    found = [each for each in read_measures() if (each.card, each.model) == (card, model)]
    return Measures(tuple(sorted(found, key=lambda each: each.t)), longest)


def keep(measures: Sequence[Measure]) -> None:
    """Adds measures to those that are kept. Raises InputError where they cannot be written."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(asdict(each))}\n" for each in measures)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
