"""What an estimate rests on, besides the recipe: the model's shape, and the lengths of the rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ftworkbench.data.sources.hub import local_path
from ftworkbench.data.sources.source import open_source
from ftworkbench.errors import InputError
from ftworkbench.estimate.headers import weights_of, with_weights
from ftworkbench.estimate.shape import Shape, read_shape
from ftworkbench.evaluate.contestants import tuned
from ftworkbench.recipe.tables import Data, Recipe
from ftworkbench.steps.recipe import Opened, require_model
from ftworkbench.steps.row_tokens import known_tokens

# Rows that are looked at, spread over the file: enough for a mean within a few percent.
_LOOKED_AT = 2000
# Byte-level BPE on English; only used where no tokenizer has counted.
BYTES_PER_TOKEN = 4.0


@dataclass(frozen=True)
class Sizes:
    """How many rows data.train has, and their mean and greatest length in tokens, with prompt and template.

    `counted`: by the model's own tokenizer; else from their bytes.
    """

    rows: int
    mean: float
    longest: float
    counted: bool = False


@dataclass(frozen=True)
class Basis:
    """The shape and the sizes. `notes` say what could not be had, and what stands in its place.

    `test` and `validation` are the rows of files of their own; None where there is none, or it cannot be read.
    """

    shape: Shape
    sizes: Sizes
    notes: tuple[str, ...] = ()
    test: int | None = None
    validation: int | None = None

    def held_out(self, data: Data) -> tuple[int, int] | None:
        """About how many rows test and validate; None where a file of theirs cannot be counted."""
        test = self.test if data.test else round(self.sizes.rows * data.test_fraction)
        validation = self.validation if data.validation else round(self.sizes.rows * data.validation_fraction)
        return None if test is None or validation is None else (test, validation)


def basis_key(recipe: Recipe) -> Hashable:
    """Recipes with the same key have the same basis, as long as no file changes."""
    return recipe.model.model_id, recipe.model.revision, recipe.data, tuned(recipe.prompt).system


def basis_of(opened: Opened) -> Basis:
    """What to estimate the recipe by. Reads the model's configuration and the headers of its weights, and the rows.

    Raises InputError where the model's configuration or the rows cannot be had.
    """
    model = opened.recipe.model
    shape = read_shape(model.model_id, opened.workspace, model.revision)
    counted = weights_of(model.model_id, opened.workspace, model.revision)
    sizes = _sizes(opened)
    notes = []
    if counted is None:
        notes.append("The weights' own headers cannot be had here: the model's size is that of its configuration.")
    if not sizes.counted:
        notes.append("Lengths are guessed from the rows' bytes; `check --tokens` counts them by the model's tokenizer.")
    data = opened.recipe.data
    test, validation = (None if name is None else _rows_of(opened, name) for name in (data.test, data.validation))
    return Basis(with_weights(shape, counted), sizes, tuple(notes), test, validation)


def require_basis(opened: Opened) -> Basis:
    """The same, for what is about to be launched: an InputError says which of the recipe's keys it is about.

    Asks the hub for the model's configuration only; the weights are the job's to load.
    """
    require_model(opened)
    try:
        return basis_of(opened)
    except InputError as error:
        raise InputError(f"{opened.path.name}: data.train: {error}") from error


def _sizes(opened: Opened) -> Sizes:
    data = opened.recipe.data
    path = opened.workspace.root / data.train
    rows, mean, longest = _in_bytes(path, data, _stamp(local_path(path)))
    rows = min(rows, data.limit or rows)
    try:
        known = known_tokens(opened)
    except InputError:
        known = None
    lengths = [each.tokens for each in known.of.values() if each.tokens] if known is not None else []
    if lengths:
        return Sizes(rows, sum(lengths) / len(lengths), max(lengths), counted=True)
    prompt = len((tuned(opened.recipe.prompt).system or "").encode())
    return Sizes(rows, max((mean + prompt) / BYTES_PER_TOKEN, 1.0), max((longest + prompt) / BYTES_PER_TOKEN, 1.0))


def _rows_of(opened: Opened, name: str) -> int | None:
    path = opened.workspace.root / name
    try:
        return _in_bytes(path, opened.recipe.data, _stamp(local_path(path)))[0]
    except InputError:
        return None


def _stamp(path: Path) -> Hashable:
    """Changes when the file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=8)
def _in_bytes(path: Path, data: Data, stamp: Hashable) -> tuple[int, float, int]:
    """The number of rows, and the mean and greatest size in bytes of those that were looked at."""
    with open_source(path, data) as source:
        while not source.index_some(1.0):
            pass
        every = max(source.known // _LOOKED_AT, 1)
        sizes = [len(source.raw(index)) for index in range(0, source.known, every)]
        return source.known, sum(sizes) / max(len(sizes), 1), max(sizes, default=0)
