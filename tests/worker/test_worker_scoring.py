"""Metrics of the user's own, and the likelihood of references, in the job's process."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest
from tiny import chat, make_recipe, make_workspace, new_job, notices, run_job, write_rows

from ftworkbench.data.splits.split import freeze, load_parts
from ftworkbench.errors import InputError
from ftworkbench.evaluate.metrics import Scored
from ftworkbench.evaluate.outputs import read_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.own_metric import own_metric
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
CHECKS = """
from dataclasses import dataclass
from rules import LONGEST

@dataclass
class Limit:
    most: int

def short(answer: str, reference: str) -> bool:
    "The answer is short."
    return len(answer) <= Limit(LONGEST).most

def asked(answer, reference, row):
    if row["original"]["messages"][0]["content"].startswith("Tell"):
        raise KeyError("told")
    return 0.5

def broken(answer, reference):
    return 1 / 0

def two(answer, reference) -> bool:
    return 2

def one_argument(answer):
    return 1

number = 5
"""


@pytest.fixture
def checks(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(CHECKS)
    (tmp_path / "rules.py").write_text("LONGEST = 8\n")
    return tmp_path


def test_a_function_of_ones_own_is_a_metric(checks: Path) -> None:
    found = own_metric("checks.py:short", checks)
    assert (found.binary, found.help) == (True, "The answer is short.")
    assert [found.score(Scored(answer, "")) for answer in ("short", "rather long")] == [1, 0]
    assert not (checks / "__pycache__").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("one_argument", r"takes neither \(answer, reference\) nor"),
        ("number", "number is no function"),
        ("nothing", "has no function nothing"),
    ],
)
def test_what_is_no_such_function_is_refused(checks: Path, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        own_metric(f"checks.py:{name}", checks)


@pytest.mark.parametrize("source", ["import nothing_like_it\ndef f(a, b): 1", "raise SystemExit(3)\ndef f(a, b): 1"])
def test_a_file_that_cannot_be_run_is_told_with_its_line(tmp_path: Path, source: str) -> None:
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(InputError, match=r"bad\.py cannot be run: \w+: .*\(line 1\)"):
        own_metric("bad.py:f", tmp_path)


def test_a_score_is_a_number_from_0_to_1(checks: Path) -> None:
    with pytest.raises(ValueError, match="gave 2, which is not from 0 to 1"):
        own_metric("checks.py:two", checks).score(Scored("", ""))


def _evaluated(trained: Trained, model: Path, folder: Path, **overrides: object) -> Job:
    """An evaluation of the trained job, with the metrics of a file of one's own at hand."""
    workspace, recipe = make_workspace(
        folder / "work",
        model,
        evaluate__regression=[],
        evaluate__max_new_tokens=4,
        **{"prompt__few_shot": [0], **overrides},
    )
    (workspace.root / "checks.py").write_text(CHECKS)
    (workspace.root / "rules.py").write_text("LONGEST = 8\n")
    evaluation = new_job(workspace, "evaluate", recipe, {"baseline": "x"}, job=str(trained[2].path))
    do_job(evaluation)
    return evaluation


def test_an_evaluation_keeps_each_score_and_names_the_rows_that_failed(
    trained: Trained, model: Path, tmp_path: Path
) -> None:
    job = _evaluated(
        trained, model, tmp_path, evaluate__metric="checks.py:short", evaluate__metrics=["checks.py:asked", "stopped"]
    )
    assert phase(job) == "done", read_state(job)
    found = read_json(job.verdict)
    outputs = read_outputs(job.outputs / "test.tuned.jsonl")
    assert found["verdict"]["metric"] == "checks.py:short"
    told = [each.row for each in outputs if each.messages[-1]["content"].startswith("Tell")]
    assert told
    assert {each.scores["checks.py:asked"] for each in outputs if each.row in told} == {0.0}
    assert {each.scores["checks.py:asked"] for each in outputs if each.row not in told} == {0.5}
    notice = notices(job)["metric-failed"]
    assert f"checks.py:asked failed on {len(told)} of {len(outputs)} answers" in notice
    assert "KeyError: 'told' (line " in notice
    assert found["metric_files"] == {"checks.py": hashlib.sha256(CHECKS.encode()).hexdigest()}


def test_a_metric_that_fails_on_every_row_is_told_before_anything_is_asked(
    trained: Trained, model: Path, tmp_path: Path
) -> None:
    job = _evaluated(trained, model, tmp_path, evaluate__metric="checks.py:broken")
    state = read_state(job)
    assert state is not None
    assert state.phase == "failed"
    assert "checks.py:broken fails on every row that it was tried on" in state.why
    assert "ZeroDivisionError: division by zero (line " in state.why
    assert not job.outputs.exists()


def test_the_likelihood_of_a_reference_is_the_models_own_loss_on_it(
    trained: Trained, model: Path, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    job = _evaluated(
        trained, model, tmp_path, evaluate__metrics=["inverse_perplexity"], prompt__few_shot=[2], evaluate__limit=6
    )
    assert phase(job) == "done", read_state(job)
    base, tokenizer = AutoModelForCausalLM.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    outputs = read_outputs(job.outputs / "test.few-shot-2.jsonl")
    for output in outputs:
        head = tokenizer.apply_chat_template(list(output.messages), add_generation_prompt=True, tokenize=False)
        prompt = tokenizer(head, add_special_tokens=False)["input_ids"]
        ids = tokenizer(f"{head}{output.reference}<|im_end|>", add_special_tokens=False)["input_ids"]
        labels = [-100] * len(prompt) + ids[len(prompt) :]
        with torch.no_grad():
            loss = float(base(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss)
        assert output.reference_loss == pytest.approx(loss, rel=1e-4)
        assert output.reference_tokens == len(ids) - len(prompt)
        assert output.scores["inverse_perplexity"] == pytest.approx(math.exp(-loss), rel=1e-4)
    systems = {each["name"]: each for each in read_json(job.verdict)["systems"]}
    nats = sum(each.reference_loss * each.reference_tokens for each in outputs if each.reference_loss is not None)
    wanted = math.exp(nats / sum(each.reference_tokens for each in outputs))
    assert systems["few-shot-2"]["figures"]["perplexity"] == pytest.approx(wanted)
    assert systems["tuned"]["figures"]["perplexity"] < wanted


def test_rows_are_measured_by_schemas_of_their_own(trained: Trained, model: Path, tmp_path: Path) -> None:
    workspace, _ = make_workspace(tmp_path, model, evaluate__regression=[])
    rows = [{**chat(f"Number {n}?", str(n % 5)), "schema": {"type": "integer"}} for n in range(40)]
    write_rows(workspace.root / "other.jsonl", rows)
    recipe = make_recipe(
        model, data__train="other.jsonl", prompt__few_shot=[0], evaluate__regression=[], evaluate__metric="json_schema"
    )
    freeze(workspace, recipe.name, recipe.data, again=True)
    job = run_job(workspace, "evaluate", recipe, job=None)
    assert phase(job) == "done", read_state(job)
    assert load_parts(workspace, recipe.name, recipe.data).test[0].original["schema"] == {"type": "integer"}
    assert read_json(job.verdict)["systems"][0]["metrics"]["json_schema"]["value"] is not None
