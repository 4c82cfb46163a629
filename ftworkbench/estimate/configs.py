"""Where a model's config.json is: in a folder, in the hub's local cache, or at the hub."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.paths import model_folder
from ftworkbench.printable import one_line
from ftworkbench.workspace import Workspace

_NAME = "config.json"
_SECONDS = 10.0


def read_config(model_id: str, workspace: Workspace, revision: str | None = None) -> dict[str, Any]:
    """The configuration of a model. Raises InputError where there is none to be had."""
    folder = model_folder(model_id, workspace.root)
    return _parse(folder / _NAME, model_id) if folder is not None else _from_hub(model_id, revision)


@cache
def _from_hub(model_id: str, revision: str | None) -> dict[str, Any]:
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    shown = one_line(model_id, 80)
    try:
        path = try_to_load_from_cache(model_id, _NAME, revision=revision)
    except HFValidationError:
        raise InputError(f"{shown}: is neither a folder nor a hub id (owner/name)") from None
    if path is None:
        _ask_hub(model_id, revision)
        path = hf_hub_download(model_id, _NAME, revision=revision, etag_timeout=_SECONDS)
    if not isinstance(path, str):
        raise InputError(f"{shown}: has no {_NAME}, so that it is no model for transformers")
    return _parse(Path(path), model_id)


def _ask_hub(model_id: str, revision: str | None) -> None:
    """Raises InputError where the hub has not the file. Asks once: a download tries for half a minute."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import (  # type: ignore[attr-defined]
        EntryNotFoundError,
        GatedRepoError,
        HTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    shown = one_line(model_id, 80)
    try:
        get_hf_file_metadata(hf_hub_url(model_id, _NAME, revision=revision), timeout=_SECONDS)
    except GatedRepoError:
        reason = "its owner gives access on request; ask for it at huggingface.co, and set HF_TOKEN"
    except RepositoryNotFoundError:
        reason = "the hub has no such model, or not for you (is HF_TOKEN set?)"
    except RevisionNotFoundError:
        reason = f"has no revision {one_line(str(revision), 60)}"
    except EntryNotFoundError:
        reason = f"has no {_NAME}, so that it is no model for transformers"
    except OfflineModeIsEnabled:
        reason = _elsewhere(
            shown, "may not be asked: offline was asked for (by --offline, the recipe or HF_HUB_OFFLINE)"
        )
    except (HTTPError, OSError):
        reason = _elsewhere(shown, "cannot be reached")
    else:
        return
    raise InputError(f"{shown}: {reason}")


def _elsewhere(shown: str, why: str) -> str:
    return (
        f"is not in the local cache, and the hub {why}. Where there is a network, `hf download {shown} {_NAME}` is "
        "enough for `fit`; for training leave the file's name out. A gated model wants access, and HF_TOKEN. "
        "A model's folder does as well"
    )


def _parse(path: Path, model_id: str) -> dict[str, Any]:
    shown = one_line(model_id, 80)
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{shown}: this folder holds no model (no config.json)") from None
    except OSError as error:
        raise InputError(f"{shown}: {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{shown}: {path} is not JSON") from None
    if not isinstance(config, dict):
        raise InputError(f"{shown}: {path} is not a JSON object")
    return config
