"""A hub model is downloaded before the card is taken, through a slow and failing network, or never."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hub import COMMIT, REPO, Hub

from ftworkbench.errors import InputError
from ftworkbench.files import read_json
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import Event, EventLog, read_events
from ftworkbench.recipe.read import parse
from ftworkbench.worker import download
from ftworkbench.worker.download import with_model
from ftworkbench.worker.fetch import Wanted, wanted_files
from ftworkbench.worker.work import StoppedError, Work
from ftworkbench.workspace import Workspace

WEIGHTS = bytes(range(256)) * 8192  # 2 MiB
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"pickle" * 1000,
    "onnx/model.safetensors": b"another" * 1000,
    "modeling_tiny.py": b"print('code')",
}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(FILES).serving() as found:
        yield found


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> Path:
    """A cache of its own, and the hub of the test."""
    from huggingface_hub import constants

    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.setenv(name, "")  # so that what the job sets is taken back
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(download, "PAUSES", (0.2,))
    return tmp_path / "hf" / "hub" / "models--somebody--tiny"


def work(tmp_path: Path, model: str = REPO, **args: Any) -> Work:
    workspace = Workspace(tmp_path / "desk")
    workspace.root.mkdir(exist_ok=True)
    recipe = parse(f'[model]\nmodel_id = "{model}"\n[data]\ntrain = "t.jsonl"\n', "triage")
    job = create_job(workspace, "train", "", {"recipe": "triage", "args": {}})
    return Work(job, recipe, args, EventLog(job.events, 1), "cpu", "cpu", job.stop_file.exists)


def online_again() -> None:
    """As a process that has not downloaded yet."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ[name] = ""


def events(found: Work, kind: str) -> list[Event]:
    return [event for event in read_events(found.job.events)[0] if event.kind == kind]


def test_only_what_loading_takes_is_fetched_with_progress_in_bytes_and_its_commit_is_kept(
    tmp_path: Path, hub: Hub, cache: Path
) -> None:
    hub.files["model.safetensors"] = weights = WEIGHTS * 12  # the library writes 10 MB at once
    hub.pause = 0.004
    asked = work(tmp_path)
    got = with_model(asked)
    assert got.recipe.model.revision == COMMIT
    snapshot = cache / "snapshots" / COMMIT
    assert {path.name for path in snapshot.iterdir()} == {"config.json", "tokenizer.json", "model.safetensors"}
    assert (snapshot / "model.safetensors").read_bytes() == weights
    progress = [event.fields for event in events(asked, "progress")]
    total = len(weights) + len(FILES["config.json"]) + len(FILES["tokenizer.json"])
    assert {(each["what"], each["unit"], each["total"]) for each in progress} == {("download", "bytes", total)}
    assert progress[-1]["done"] == total
    assert any(0 < each["done"] < total for each in progress)
    assert [event.fields["phase"] for event in events(asked, "phase")] == ["loading"]
    assert read_json(asked.job.path / "model.json") == {"model_id": REPO, "revision": None, "commit": COMMIT}
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_what_lies_in_the_cache_is_used_and_nobody_asked(tmp_path: Path, hub: Hub) -> None:
    with_model(work(tmp_path))
    online_again()
    hub.asked.clear()
    hub.commit = "f" * 40  # the branch has moved
    assert with_model(work(tmp_path)).recipe.model.revision == COMMIT
    assert hub.asked == []


def test_a_later_attempt_and_a_job_about_it_use_the_commit_that_it_began_with(tmp_path: Path, hub: Hub) -> None:
    first = work(tmp_path)
    with_model(first)
    refs = tmp_path / "hf" / "hub" / "models--somebody--tiny" / "refs" / "main"
    refs.write_text("f" * 40)
    about = work(tmp_path, job=str(first.job.path))
    hub.gone = True
    assert with_model(first).recipe.model.revision == COMMIT
    assert with_model(about).recipe.model.revision == COMMIT


def test_who_needs_the_tokenizer_only_fetches_nothing_beforehand(tmp_path: Path, hub: Hub) -> None:
    asked = work(tmp_path)
    assert with_model(asked, fetch=False) is asked
    assert hub.asked == []
    with_model(asked)
    online_again()
    assert with_model(asked, fetch=False).recipe.model.revision == COMMIT


def test_cuts_in_the_midst_of_the_weights_are_gone_over(tmp_path: Path, hub: Hub, cache: Path) -> None:
    hub.cuts = [300_000, 500_000]
    with_model(work(tmp_path))
    assert (cache / "snapshots" / COMMIT / "model.safetensors").read_bytes() == WEIGHTS
    assert not list((cache / "blobs").glob("*.incomplete"))


def test_a_hub_that_is_gone_is_asked_again_with_a_notice_until_it_is_back(tmp_path: Path, hub: Hub) -> None:
    hub.gone = True
    asked = work(tmp_path)
    threading.Timer(3.0, setattr, [hub, "gone", False]).start()
    with_model(asked)
    (told,) = events(asked, "notice")
    assert told.fields["code"] == "hub"
    assert "it is tried again" in told.fields["text"]


def test_a_hub_that_stays_gone_ends_the_job_in_words(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PATIENCE", 0.0)
    hub.gone = True
    with pytest.raises(Exception, match=r"could not be downloaded: the hub .*; resume goes on"):
        with_model(work(tmp_path))


def test_a_stop_ends_a_download_at_once_and_leaves_no_half_file(tmp_path: Path, hub: Hub, cache: Path) -> None:
    hub.pause = 0.5
    asked = work(tmp_path)
    stopped: list[float] = []

    def stop_in_the_midst() -> bool:
        if list(cache.rglob("*.incomplete")) and not stopped:
            stopped.append(time.monotonic())
        return bool(stopped)

    with pytest.raises(StoppedError):
        with_model(replace(asked, stopped=stop_in_the_midst))
    assert time.monotonic() - stopped[0] < 3
    assert not list(cache.rglob("*.incomplete"))
    assert not (asked.job.path / ".download").exists()


@pytest.mark.parametrize("by", ["recipe", "environment"])
def test_offline_never_asks(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    asked = work(tmp_path)
    if by == "recipe":
        asked = replace(asked, recipe=replace(asked.recipe, launch=replace(asked.recipe.launch, offline=True)))
    else:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="is not on this machine, or not all of it, and the hub may not be asked"):
        with_model(asked)
    assert hub.asked == []


def test_a_cache_that_lacks_a_shard_is_not_taken_for_whole(tmp_path: Path, hub: Hub, cache: Path) -> None:
    index = json.dumps({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}).encode()
    del hub.files["model.safetensors"]
    hub.files |= {"model.safetensors.index.json": index, "model-1-of-2.safetensors": b"1" * 999}
    hub.files["model-2-of-2.safetensors"] = b"2" * 999
    with_model(work(tmp_path))
    online_again()
    (cache / "snapshots" / COMMIT / "model-2-of-2.safetensors").unlink()
    shutil.rmtree(cache / "trees", ignore_errors=True)  # as an older library left it
    asked = len(hub.asked)
    with_model(work(tmp_path))
    assert len(hub.asked) > asked
    assert (cache / "snapshots" / COMMIT / "model-2-of-2.safetensors").exists()


def test_a_disk_without_room_is_said_before_a_byte_is_fetched(tmp_path: Path, hub: Hub, cache: Path) -> None:
    hub.files["config.json"] = b"{}"
    real = hub.files["model.safetensors"]

    class Huge(bytes):
        def __len__(self) -> int:
            return 10**15

    hub.files["model.safetensors"] = Huge(real)
    with pytest.raises(InputError, match=r"the model needs .* GB at .*, where .* are free: make room, or set HF_HOME"):
        with_model(work(tmp_path))
    assert not cache.exists() or not list(cache.rglob("*.safetensors"))


def test_a_pickle_is_refused_with_the_way_to_convert_it(tmp_path: Path, hub: Hub) -> None:
    for name in ("model.safetensors", "onnx/model.safetensors"):
        del hub.files[name]
    with pytest.raises(InputError, match=r"a pickle only, which can run any code.*save_pretrained"):
        with_model(work(tmp_path))


def test_a_model_that_is_not_there_is_no_matter_of_patience(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model"):
        with_model(work(tmp_path, model="nobody/nothing"))


def test_the_files_of_a_model() -> None:
    names = [*FILES, "tokenizer.model", "consolidated.safetensors", "sub/config.json", "sub/model.safetensors"]
    names += ["model.fp16.safetensors", "model-1-of-2.safetensors", "model-2-of-2.safetensors"]

    def files(**fields: Any) -> list[str]:
        return wanted_files(names, Wanted(repo=REPO, **fields))

    assert files() == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer.model"]
    assert files(subfolder="sub") == ["sub/config.json", "sub/model.safetensors"]
    assert files(variant="fp16") == ["config.json", "model.fp16.safetensors", "tokenizer.json", "tokenizer.model"]
    assert "modeling_tiny.py" in files(code=True)


def test_a_recipes_own_cache_is_where_the_model_comes_to(tmp_path: Path, hub: Hub, cache: Path) -> None:
    asked = work(tmp_path)
    model = replace(asked.recipe.model, extra={"cache_dir": "models"})
    asked = replace(asked, recipe=replace(asked.recipe, model=model))
    with_model(asked)
    assert (tmp_path / "desk" / "models" / cache.name / "snapshots" / COMMIT / "model.safetensors").exists()
    assert not cache.exists()
    online_again()
    hub.asked.clear()
    with_model(asked)
    assert hub.asked == []
