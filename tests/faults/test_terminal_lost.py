"""Training outlives the terminal and the workbench that started it, and another workbench shows all of it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from terminal import Terminal, workbench

from ftworkbench.jobs.folder import Job, list_jobs
from ftworkbench.jobs.follow import Tail
from ftworkbench.jobs.launch import stop
from ftworkbench.jobs.state import ALIVE, phase, read_state
from ftworkbench.jobs.story import Story
from ftworkbench.workspace import Workspace

STEPS = 120
# A worker imports its libraries for ten seconds, and longer where the machine has other work.
PATIENCE = 120.0
RECIPE = f"""\
[model]
model_id = "pocket"

[lora]
r = 4

[train]
max_steps = {STEPS}
per_device_train_batch_size = 1
gradient_accumulation_steps = 1
max_length = 64
eval_strategy = "no"
save_strategy = "no"

[data]
train = "train.jsonl"
validation_fraction = 0.0

[launch]
device = "cpu"
threads = 1
"""
WORDS = ["lamp", "kettle", "parcel", "invoice", "courier", "refund", "screen", "cable", "winter", "garden", "window"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    draw = random.Random(7)
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "desk.toml").write_text(RECIPE)
    with (folder / "train.jsonl").open("w") as file:
        for number in range(30):
            question = f"{' '.join(draw.sample(WORDS, 6))} {number}"
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": draw.choice(WORDS)}]
            file.write(json.dumps({"messages": messages}) + "\n")
    return Workspace(folder)


@contextmanager
def training(workspace: Workspace, env: dict[str, str]) -> Iterator[tuple[Terminal, Job]]:
    """A workbench in which training was started by its keys, and has done a fifth of its steps."""
    with workbench(workspace.root, env=env) as terminal:
        terminal.press("2")
        terminal.wait("max_steps")
        terminal.wait("fits")
        terminal.press("r")
        terminal.wait("train without")
        terminal.press("t")
        wait_for(lambda: bool(list_jobs(workspace)), "a job")
        (job,) = list_jobs(workspace)
        try:
            wait_for(lambda: step_of(job) >= STEPS // 5 or phase(job) not in ALIVE, "the first steps")
            terminal.wait(lambda text: "running" in text and f"/{STEPS}" in text)
            yield terminal, job
        finally:
            if phase(job) in ALIVE:
                stop(job, now=True, grace=1.0)


def wait_for(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def story_of(job: Job) -> Story:
    story = Story()
    story.add(Tail(job.events).poll())
    return story


def step_of(job: Job) -> int:
    return story_of(job).step


def finishes_alone(job: Job) -> None:
    """The job is in the middle of its work now, and comes to its end with nobody there."""
    assert phase(job) == "running"
    assert step_of(job) < STEPS
    wait_for(lambda: phase(job) not in ALIVE, "the end of training")
    assert phase(job) == "done", read_state(job)
    assert (job.adapter / "adapter_model.safetensors").is_file()
    story = story_of(job)
    assert [step for step, _ in story.metrics["loss"]] == list(range(1, STEPS + 1))
    assert story.attempt == 1


def is_shown_whole(workspace: Workspace, env: dict[str, str]) -> None:
    """A new workbench shows the job as done, all its steps, and its curve."""
    with workbench(workspace.root, env=env) as terminal:
        terminal.press("3")
        terminal.wait(f"step {STEPS}/{STEPS}")
        terminal.wait(lambda text: "✔ desk-" in text and "done" in text)
        terminal.wait(lambda text: sum("\u2801" <= char <= "\u28ff" for char in text) > 20)
        assert terminal.leave("ctrl+q") == 0


def test_training_outlives_its_terminal(workspace: Workspace, tmp_path: Path) -> None:
    env = own_folders(tmp_path)
    with training(workspace, env) as (terminal, job):
        terminal.hang_up()
        finishes_alone(job)
    is_shown_whole(workspace, env)


def test_training_outlives_a_workbench_that_is_killed(workspace: Workspace, tmp_path: Path) -> None:
    env = own_folders(tmp_path)
    with training(workspace, env) as (terminal, job):
        terminal.kill()
        finishes_alone(job)
    is_shown_whole(workspace, env)


def own_folders(root: Path) -> dict[str, str]:
    """Settings, state and queues that nobody else has."""
    return {"XDG_CONFIG_HOME": str(root / "config"), "XDG_STATE_HOME": str(root / "state"), "CUDA_VISIBLE_DEVICES": ""}
