"""What a job has measured in a workspace is kept, and used for the next estimate of that model on this card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_estimate_shape import POCKET

from ftworkbench.estimate.measures import read_measures
from ftworkbench.files import write_json
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.state import State, write_state
from ftworkbench.recipe.write import dumps
from ftworkbench.steps.fit import fit
from ftworkbench.steps.recipe import Opened, open_recipe


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text(json.dumps(POCKET))
    row = json.dumps({"messages": [{"role": "user", "content": "q" * 400}, {"role": "assistant", "content": "a"}]})
    (tmp_path / "t.jsonl").write_text(f"{row}\n" * 50)
    recipe = tmp_path / "x.toml"
    recipe.write_text('[model]\nmodel_id = "m"\n[data]\ntrain = "t.jsonl"\n[launch]\ndevice = "cpu"\nthreads = 2\n')
    return open_recipe(recipe)


def measured(opened: Opened, kind: str = "fit", **result: object) -> None:
    """A job of the recipe that is done, with this result."""
    job = create_job(opened.workspace, kind, dumps(opened.resolved), {"recipe": "x"})
    write_state(job, State(phase="done"))
    write_json(job.result, {"fits": True, "longest_tokens": 130, "tokens_per_second": 900.0, **result})


def test_the_next_estimate_says_what_was_measured_and_keeps_it_once(opened: Opened) -> None:
    assert fit(opened).fit.source == ""
    measured(opened, peak_gib=2.5)
    found = fit(opened).fit
    assert found.source.startswith("measured on CPU, ")
    assert found.peak_gib == pytest.approx(2.5, rel=0.1)
    assert found.tokens_per_second == pytest.approx(900, rel=0.1)
    fit(opened)
    assert len(read_measures()) == 1


def test_a_training_tells_its_pace_and_a_measured_worst_step_the_peak(opened: Opened) -> None:
    before = fit(opened).fit
    measured(opened, "train", peak_gib=0.5)
    paced = fit(opened).fit
    assert paced.source.startswith("pace measured on CPU, ")
    assert paced.peak_gib == before.peak_gib
    assert paced.tokens_per_second == pytest.approx(900, rel=0.1)
    measured(opened, peak_gib=2.5)
    assert fit(opened).fit.peak_gib == pytest.approx(2.5, rel=0.1)
    measured(opened, "train", peak_gib=0.5, tokens_per_second=450.0)
    both = fit(opened).fit
    assert both.peak_gib == pytest.approx(2.5, rel=0.1)
    assert both.tokens_per_second == pytest.approx(450, rel=0.1)


def test_another_model_is_not_corrected_by_it(opened: Opened, tmp_path: Path) -> None:
    measured(opened, peak_gib=2.5)
    fit(opened)
    (tmp_path / "m").rename(tmp_path / "n")
    recipe = opened.path
    recipe.write_text(recipe.read_text().replace('"m"', '"n"'))
    assert fit(open_recipe(recipe)).fit.source == ""


def test_where_memory_ran_out_the_estimate_says_that_it_does_not_fit(opened: Opened) -> None:
    measured(opened, peak_gib=1.0, fits=False)
    found = fit(opened).fit
    assert (found.fits, found.source.endswith("memory ran out")) == (False, True)
