"""Fetches a model of the hub into the hub's local cache, and says on stdout how: one JSON object a line.

A process of its own (`python -m ftworkbench.worker.fetch JSON`), so that it can be ended at any moment, and so that the
worker's own libraries can be told never to ask the hub. Its argument has the fields of a `Wanted`; its lines are
{"total", "cached", "blobs"} once it is known what there is to fetch (bytes, and the folder that they come to), then
{"commit"}; or {"error", "again"}, where `again` says that the hub may answer later.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import FrameType
from typing import Any

from ftworkbench.errors import EXIT_INTERRUPTED, EXIT_NO, InputError
from ftworkbench.figures import size
from ftworkbench.printable import one_line
from ftworkbench.worker.reasons import chain, reason

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
SPARE = 2**30  # bytes that stay free
_SECONDS = 20.0
_TEXTS = (".json", ".jinja", ".txt", ".model", ".tiktoken")
_TEMPLATES = "additional_chat_templates"
_CONVERT = (
    "{repo}: has its weights as a pickle only, which can run any code, and no safetensors; where you trust it, load it "
    "once with AutoModelForCausalLM.from_pretrained, save it with save_pretrained, and give that folder as "
    "model.model_id (huggingface.co/spaces/safetensors/convert does it at the hub)"
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted of a repository: the model at a revision (None: main), in a folder of it, with `code` in Python.

    `cache` is the folder of the hub's local cache; None is where its library has it.
    """

    repo: str
    revision: str | None = None
    subfolder: str = ""
    variant: str | None = None
    code: bool = False
    cache: str | None = None


def main() -> int:
    """Fetches what the argument names. Gives 0, or 1 once it said why not."""
    wanted = Wanted(**json.loads(sys.argv[1]))
    signal.signal(signal.SIGTERM, _leave)
    try:
        _say(commit=fetch(wanted))
    except InputError as error:
        _say(error=str(error), again=False)
    except Exception as error:
        _say(error=_words(error), again=_may_pass(error))
    else:
        return 0
    return EXIT_NO


def _leave(number: int, frame: FrameType | None) -> None:
    """Ends the process at once, without what it has of files that are not whole: the library would begin them anew."""
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            if path.endswith(".incomplete"):
                os.unlink(path)
    os._exit(EXIT_INTERRUPTED)


def fetch(wanted: Wanted) -> str:
    """Fetches a model's files, and gives their commit. Raises InputError for what is no model."""
    from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache

    api, repo = HfApi(), wanted.repo
    commit = str(api.model_info(repo, revision=wanted.revision, timeout=_SECONDS).sha)
    entries = api.list_repo_tree(repo, revision=commit, recursive=True)
    sizes = {entry.path: int(entry.size) for entry in entries if hasattr(entry, "size")}
    names = wanted_files(list(sizes), wanted)
    found = {name: try_to_load_from_cache(repo, name, wanted.cache, commit) for name in names}
    total, there = (
        sum(sizes[name] for name in names),
        sum(sizes[name] for name in names if isinstance(found[name], str)),
    )
    cache = Path(wanted.cache or constants.HF_HUB_CACHE).expanduser()
    blobs = cache / f"models--{repo.replace('/', '--')}" / "blobs"
    require_room(blobs, total - there)
    _say(total=total, cached=there, blobs=str(blobs))
    folder = snapshot_download(
        repo,
        revision=wanted.revision,
        cache_dir=wanted.cache,
        allow_patterns=names,
        etag_timeout=_SECONDS,
        max_workers=4,
    )
    return Path(folder).name


def weights_name(variant: str | None) -> str:
    """What transformers calls the weights where they are one file."""
    return f"model.{variant}.safetensors" if variant else "model.safetensors"


def wanted_files(names: Sequence[str], wanted: Wanted) -> list[str]:
    """Those of a repository's files that loading the model takes. Raises InputError where there are no safetensors."""
    subfolder, folder = wanted.subfolder, PurePosixPath(wanted.subfolder)
    here = [name for name in names if PurePosixPath(name).parent == folder]
    weights = [name for name in here if name.endswith(".safetensors")]
    # Mistral's own format stands beside that of transformers in some repositories, as large again; so do variants, and
    # shards beside the whole.
    one = str(folder / weights_name(wanted.variant))
    ours = [name for name in weights if PurePosixPath(name).name.startswith("model")]
    if wanted.variant:
        ours = [name for name in ours if f".{wanted.variant}" in PurePosixPath(name).name]
    weights = [one] if one in weights else ours or weights
    if not weights:
        shown = one_line(wanted.repo, 80)
        if any(name.endswith(PICKLES) for name in here):
            raise InputError(_CONVERT.format(repo=shown))
        raise InputError(f"{shown}: has no weights (*.safetensors){f' in {subfolder}' if subfolder else ''}")
    texts = [name for name in here if name.endswith(_TEXTS)]
    templates = [name for name in names if PurePosixPath(name).parent == folder / _TEMPLATES]
    return sorted({*weights, *texts, *templates, *(name for name in names if wanted.code and name.endswith(".py"))})


def require_room(folder: Path, needed: int) -> None:
    """Raises InputError where the disk of a folder, which may not be there yet, has no room for so many bytes."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(there).free
    if needed and free < needed + SPARE:
        raise InputError(
            f"the model needs {size(needed)} at {folder.parent.parent}, where {size(free)} are free: make room, or set "
            "HF_HOME to a folder on a larger disk"
        )


def _say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def _may_pass(error: BaseException) -> bool:
    """Whether the hub may answer later: it is slow, gone or too busy, and has not said no."""
    for each in chain(error):
        names = {kind.__name__ for kind in type(each).__mro__}
        status = getattr(getattr(each, "response", None), "status_code", None)
        if isinstance(status, int):
            return status >= 500 or status in (408, 425, 429)
        if names & {"TransportError", "ConnectionError", "TimeoutError", "RequestException"}:
            return True
    return "consistency check failed" in str(error).lower()  # the connection was cut in the midst of a file


def _words(error: BaseException) -> str:
    for each in chain(error):
        response = getattr(each, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int) and status >= 500:
            return f"the hub answers with an error of its own ({status})"
    if _may_pass(error):
        return f"the hub cannot be reached, or does not answer ({type(error).__name__})"
    return reason(error)


if __name__ == "__main__":
    sys.exit(main())
