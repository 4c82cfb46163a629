"""A token of the environment reaches the hub, and stands in no file that a training writes; nobody else may read those.

The model is downloaded, before the device is taken, over a line that breaks.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from hub import COMMIT, REPO, Hub

import ftworkbench
from ftworkbench.jobs.events import read_events
from ftworkbench.jobs.folder import list_jobs
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.paths import POCKET
from ftworkbench.workspace import Workspace

TOKEN = "hf_" + "SoMeBoDySsEcReT" * 2
RECIPE = f"""\
[model]
model_id = "{REPO}"
[lora]
r = 4
[train]
max_steps = 2
per_device_train_batch_size = 1
gradient_accumulation_steps = 1
max_length = 64
save_strategy = "steps"
save_steps = 1
eval_strategy = "no"
[data]
train = "train.jsonl"
validation_fraction = 0.0
[launch]
device = "cpu"
threads = 1
"""


def test_a_token_reaches_the_hub_and_no_file(tmp_path: Path) -> None:
    root = tmp_path / "desk"
    root.mkdir()
    (root / "desk.toml").write_text(RECIPE)
    rows = [[{"role": "user", "content": f"Say {n}"}, {"role": "assistant", "content": f"{n}"}] for n in range(30)]
    (root / "train.jsonl").write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    files = {str(path.relative_to(POCKET)): path.read_bytes() for path in POCKET.rglob("*") if path.is_file()}
    with Hub(files).serving() as hub:
        hub.cuts = [4_000_000]
        own = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
        secrets = {"HF_TOKEN": TOKEN, "WANDB_API_KEY": TOKEN, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")}
        path = str(Path(ftworkbench.__file__).parents[1])
        env = {**os.environ, **own, **secrets, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": path}
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE"):
            env.pop(name, None)
        command = [sys.executable, "-m", "ftworkbench", "train", str(root)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)
    (job,) = list_jobs(Workspace(root))
    assert done.returncode == 0, (done.stderr, job.log.read_text(), read_state(job))
    assert phase(job) == "done"
    assert hub.tokens == {f"Bearer {TOKEN}"}
    holding = [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert holding == []
    assert TOKEN not in done.stdout + done.stderr

    told = [event.fields for event in read_events(job.events)[0]]
    begins = [each["phase"] for each in told if "phase" in each]
    assert begins[:4] == ["loading", "queued", "loading", "running"]
    first = next(place for place, each in enumerate(told) if each.get("phase") == "queued")
    assert any(each.get("what") == "download" for each in told[:first])
    assert not any(each.get("what") == "download" for each in told[first:])
    assert json.loads((job.path / "model.json").read_text())["commit"] == COMMIT

    assert stat.S_IMODE(job.path.stat().st_mode) == 0o700
    written = [path for folder in ("adapter", "checkpoints") for path in (job.path / folder).rglob("*")]
    assert written
    assert not any(path.stat().st_mode & 0o077 for path in written)
