"""`--offline` reaches the recipe, the libraries and the job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RECIPE = '[model]\nmodel_id = "somebody/nowhere"\n[data]\ntrain = "train.jsonl"\n'


@pytest.mark.parametrize("said", ["flag", "recipe"])
def test_a_model_that_is_not_here_is_refused_without_asking_the_hub(tmp_path: Path, said: str) -> None:
    (tmp_path / "desk.toml").write_text(RECIPE + ("[launch]\noffline = true\n" if said == "recipe" else ""))
    rows = [
        {"messages": [{"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": "a"}]} for n in range(9)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "ftworkbench", "train", str(tmp_path), *(["--offline"] if said == "flag" else [])]
    # An address that nothing answers at: asking it would take its time.
    env = {**os.environ, "HF_ENDPOINT": "http://192.0.2.1", "HF_HOME": str(tmp_path / "hf")}
    env.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=8, check=False)
    assert done.returncode == 2
    assert "is not in the local cache" in done.stderr
    assert not (tmp_path / "jobs").exists()
