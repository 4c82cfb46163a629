"""Reads a split of a dataset of the hub into the folder it runs in: its rows as JSON lines, and what it is.

A process of its own (`python -m ftworkbench.worker.hub --repo=ORG/NAME`), so that no other one imports `datasets`.
Rows are JSON and not Arrow because Arrow gives all of them one shape: arguments of tools would get each other's names.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ftworkbench.data.sources.hub import ABOUT, ERROR, ROWS, HubDataset
from ftworkbench.errors import EXIT_BAD_INPUT, InputError
from ftworkbench.files import write_json
from ftworkbench.printable import one_line

_ROWS_AT_ONCE = 1000
_SECONDS = 20.0
_GATED = "its owner gives access on request; ask for it at huggingface.co, and set HF_TOKEN"
_NONE = "the hub has no such dataset, or not for you (is HF_TOKEN set?)"
_NO_TEXT = ("Image", "Audio", "Video", "Pdf")


def main() -> int:
    """Reads the split that the arguments name. Gives 0, or 2 with the reason in a file."""
    parser = argparse.ArgumentParser()
    for name in ("repo", "config", "revision", "split"):
        parser.add_argument(f"--{name}")
    dataset = HubDataset(**vars(parser.parse_args()))
    try:
        with _said_for_people(dataset):
            _read(dataset)
    except InputError as error:
        Path(ERROR).write_text(str(error), encoding="utf-8")
        return EXIT_BAD_INPUT
    return 0


def _read(dataset: HubDataset) -> None:
    from datasets import load_dataset, load_dataset_builder

    revision = _commit(dataset)
    builder = load_dataset_builder(dataset.repo, _config(dataset, revision), revision=revision)
    splits = list(map(str, builder.info.splits or builder.config.data_files or ()))
    split = dataset.split or ("train" if "train" in splits or len(splits) != 1 else splits[0])
    if splits and split not in splits:
        raise InputError(f"has no split {one_line(split, 40)}; it has {_listed(splits)}")
    rows = load_dataset(dataset.repo, dataset.config, revision=revision, split=split)
    left_out = [name for name, feature in rows.features.items() if type(feature).__name__ in _NO_TEXT]
    _write(rows.remove_columns(left_out))
    write_json(Path(ABOUT), {"revision": revision, "split": split, "splits": splits, "left_out": left_out})


def _commit(dataset: HubDataset) -> str:
    """The commit that the revision names now: what is read is the same from the first row to the last."""
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(dataset.repo, revision=dataset.revision, timeout=_SECONDS).sha)


def _config(dataset: HubDataset, revision: str) -> str | None:
    """The configuration that is asked for. Raises InputError where it is not there, or one of several has to be."""
    from datasets import get_dataset_config_names, get_dataset_default_config_name

    names = get_dataset_config_names(dataset.repo, revision=revision)
    if dataset.config:
        if dataset.config not in names:
            raise InputError(f"has no configuration {one_line(dataset.config, 40)}; it has {_listed(names)}")
    elif len(names) > 1 and get_dataset_default_config_name(dataset.repo, revision=revision) is None:
        raise InputError(f"has several configurations; name one, as in hf:{dataset.repo}/{names[0]}: {_listed(names)}")
    return dataset.config


def _listed(names: list[str]) -> str:
    return one_line(", ".join(names), 200)


def _write(rows: Any) -> None:
    with Path(ROWS).open("wb") as file:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            columns = rows[start : start + _ROWS_AT_ONCE]
            for values in zip(*columns.values(), strict=True):
                file.write(orjson.dumps(dict(zip(columns, values, strict=True)), default=_as_text) + b"\n")
            print(f"writing row {min(start + _ROWS_AT_ONCE, len(rows))} of {len(rows)}", file=sys.stderr, flush=True)


def _as_text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


@contextmanager
def _said_for_people(dataset: HubDataset) -> Iterator[None]:
    """Raises what goes wrong inside as InputError, in one line."""
    from datasets.exceptions import DatasetNotFoundError
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        GatedRepoError,
        HfHubHTTPError,
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except InputError:
        raise
    except GatedRepoError:
        reason = _GATED
    except RevisionNotFoundError:
        reason = f"has no revision {one_line(str(dataset.revision), 60)}"
    except RepositoryNotFoundError:
        reason = _NONE
    except DatasetNotFoundError as error:
        reason = _GATED if "gated" in str(error) else _NONE
    except HfHubHTTPError as error:
        reason = f"the hub answers: {one_line(str(error), 200)}"
    except (HTTPError, OfflineModeIsEnabled, ConnectionError, TimeoutError):
        reason = "is not in the cache, and the hub cannot be reached; fetch it where there is a network"
    except Exception as error:
        reason = f"cannot be read by `datasets`: {type(error).__name__}: {one_line(str(error), 240)}"
    raise InputError(reason)


if __name__ == "__main__":
    sys.exit(main())
