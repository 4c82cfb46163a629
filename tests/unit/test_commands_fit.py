"""`ftworkbench fit`: what it prints for people and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_estimate_shape import LLAMA_3_8B

from ftworkbench.cli import main


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text(json.dumps(LLAMA_3_8B))
    row = json.dumps({"messages": [{"role": "user", "content": "q" * 800}, {"role": "assistant", "content": "a"}]})
    (tmp_path / "t.jsonl").write_text(f"{row}\n" * 50)
    (tmp_path / "x.toml").write_text('[model]\nmodel_id = "m"\n[data]\ntrain = "t.jsonl"\n')
    return str(tmp_path / "x.toml")


def test_for_programs_it_is_one_object_with_all_that_was_chosen_and_why(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", recipe, "--card", "H100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["card"], found["fits"], found["parameters"]) == ("H100", True, 8_030_261_248)
    assert set(found["stages"]) == {"step", "evaluation", "save"}
    chosen = {each["key"]: each["value"] for each in found["choices"]}
    assert chosen["train.packing"] is True
    assert chosen["model.attn_implementation"] == "varlen"
    assert any("headers" in note for note in found["notes"])


def test_for_people_it_says_bars_time_choices_and_what_makes_it_fit(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", recipe, "--card", "RTX 3060"]) == 1
    out = capsys.readouterr().out
    assert "does not fit on RTX 3060: it has 12 GiB, of which CUDA itself takes 0.8" in out
    assert "It fits with quantization.load_in_4bit = true" in out
    assert "  train.gradient_checkpointing = true: without, " in out
    assert "tokens/s" in out


def test_it_says_what_training_and_measuring_take_and_cost(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["fit", recipe, "--card", "H100", "--set", "launch.cost_per_hour=36", "--set", "train.num_train_epochs=90"]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cost"] == pytest.approx(36 * found["hours"], abs=0.02)
    assert found["evaluation_cost"] == pytest.approx(36 * found["evaluation_hours"], abs=0.02)
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert re.search(rf"tokens/s, .+ of training, {found['cost']:.2f} at 36 an hour$", out, re.M)
    assert "measuring takes at most about " in out
    assert ": 10 test rows by baseline and tuned, in answers of up to 128 tokens" in out
    assert main(["fit", recipe, "--card", "H100", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cost"] is None


def test_its_last_line_is_the_whole_time_and_cost_and_then_comes_what_to_do_there(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["fit", recipe, "--card", "H100", "--set", "launch.cost_per_hour=36"]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert main(asked) == 0
    lines = capsys.readouterr().out.splitlines()
    after = lines.index("next, where there is such a card (H100):")
    total = re.fullmatch(r"training and measuring: in all at most about .+, (\d+\.\d\d)", lines[after - 1])
    assert total
    assert float(total[1]) == pytest.approx(found["cost"] + found["evaluation_cost"], abs=0.011)
    assert [line.split("  ")[1] for line in lines[after + 1 :]] == [
        f"ftworkbench {verb} {Path(recipe).parent} --set launch.cost_per_hour=36" for verb in ("evaluate", "train")
    ]


def test_what_a_cpu_cannot_do_in_a_day_is_called_that_and_it_is_said_what_to_do(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--set", "train.num_train_epochs=9000"]
    main(["fit", recipe, "--card", "cpu", *more, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["hopeless"] is True
    main(["fit", recipe, "--card", "cpu", *more])
    said = capsys.readouterr().out
    assert re.search(r"On a CPU this is hopeless: \d+h \d\dm for 8.0B parameters", said)
    assert "the recipe for a CPU is sample_configs/cpu.toml" in said
    assert f"ftworkbench fit {Path(recipe).parent} --card 'RTX 4090' {' '.join(more)}" in said
    assert "ftworkbench train" not in said
    assert main(["fit", recipe, "--card", "H100", *more, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hopeless"] is False


def test_a_measure_is_of_this_machine(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", recipe, "--card", "T4", "--measure"]) == 2
    assert "leave --card out" in capsys.readouterr().err


def test_a_wrong_card_is_said_before_the_model_is_asked_for(recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", recipe, "--set", "model.model_id=nobody/nowhere", "--card", "two A100"]) == 2
    assert "one run uses one card" in capsys.readouterr().err
