"""The whole way on the embedded model, shortened: the real command, real jobs, the object it promises."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ftworkbench.machine import process_start

SHORT = ("train.max_steps=3", "evaluate.limit=24", "evaluate.regression=[]", "prompt.few_shot=[0]", "data.limit=120")


FATES = {"orders": "no better", "forgetting": "better"}


@pytest.mark.skipif(not os.environ.get("FTWORKBENCH_ALL"), reason="minutes each; FTWORKBENCH_ALL=1 runs them")
@pytest.mark.parametrize("task", FATES)
def test_where_a_prompt_is_enough_or_tuning_breaks_other_skills_the_verdict_says_so(tmp_path: Path, task: str) -> None:
    command = [sys.executable, "-m", "ftworkbench", "demo", "--task", task, "--dir", str(tmp_path / "demo"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 1, done.stderr
    verdict = json.loads(done.stdout)["verdict"]
    assert verdict["word"] == FATES[task]
    assert verdict["breaks"] == (["general"] if task == "forgetting" else [])


def test_the_demo_goes_from_rows_to_a_proven_merge(tmp_path: Path) -> None:
    changes = [part for change in SHORT for part in ("--set", change)]
    command = [sys.executable, "-m", "ftworkbench", "demo", "--dir", str(tmp_path / "demo"), "--json", *changes]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    keys = {"check", "split", "baseline", "tuned", "regression", "verdict", "merge", "job", "seconds"}
    assert keys <= found.keys()
    assert found["check"]["blocks"]
    assert found["verdict"]["n"] == 24
    assert found["verdict"]["word"] in {"better", "no better", "worse", "not enough data"}
    assert found["merge"]["same_answers"] == found["merge"]["prompts"] > 0
    assert (Path(found["merge"]["path"]) / "model.safetensors").is_file()
    assert done.returncode == (0 if found["verdict"]["word"] == "better" else 1)
    for line in ("1  Data", "2  Baseline", "3  Train", "4  Evaluate", "5  Ship"):
        assert line in done.stderr

    jobs = subprocess.run(
        [sys.executable, "-m", "ftworkbench", "jobs", str(tmp_path / "demo"), "--json"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    listed = json.loads(jobs.stdout)["jobs"]
    assert [job["kind"] for job in listed] == ["evaluate", "train", "evaluate", "merge"]
    assert {job["phase"] for job in listed} == {"done"}
    workers = [json.loads(path.read_text())["pid"] for path in (tmp_path / "demo" / "jobs").glob("*/state.json")]
    deadline = time.monotonic() + 10
    while any(process_start(pid) is not None for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in workers if process_start(pid) is not None] == []
