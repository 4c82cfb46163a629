"""All figures of a real evaluation by the embedded model, reproduced by a script that uses none of this code.

The rows are written in the forms of GSM8K and banking77. FTWORKBENCH_GSM8K and FTWORKBENCH_BANKING77 may name the real
test files; of each a few rows are measured then, too.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tiny import TWO_CORES, chat, make_recipe, new_job, run_job, write_rows

from ftworkbench.data.splits.split import freeze
from ftworkbench.evaluate.details import details
from ftworkbench.evaluate.metrics import named_metric
from ftworkbench.evaluate.outputs import Output, write_outputs
from ftworkbench.evaluate.scores import scores, summarise
from ftworkbench.evaluate.verdict import decide
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.read import parse
from ftworkbench.worker.__main__ import do_job
from ftworkbench.workspace import Workspace

SCRIPT = Path(__file__).with_name("reproduce.py")
REAL_ROWS = int(os.environ.get("FTWORKBENCH_REAL_ROWS", "24"))
QUESTIONS = {
    "card_arrival": ("Has my new card been sent", "When does the card come", "The card is still not here"),
    "exchange_rate": ("What rate do you use for euros", "Is the exchange rate fair", "How are pounds changed"),
    "lost_or_stolen_card": ("Someone took my card", "I lost my card", "My purse is gone with the card in it"),
    "pin_blocked": ("I typed the wrong PIN too often", "My PIN is locked", "It says that my PIN is blocked"),
    "top_up_failed": ("My top up did not go through", "The top-up was refused", "Why did topping up fail"),
}
WORDS = "please today again since monday morning hello thanks quickly abroad in the shop with my phone"
NAMES = "Ann Ben Cleo Dan Eva Finn Gus Hana Ivo Jana Kim Leo Mia Nils Ola Pia"
THINGS = "apples books cards coins eggs flags gloves hats jars keys lamps mugs"
STORIES = (
    ("{n} has {a} {t} and gets {b} more. How many {t} has {n} now?", "+"),
    ("{n} sees {a} {t} in one box and {b} in another. How many in all?", "+"),
    ("{n} has {a} {t} and gives away {b}. How many are left?", "-"),
    ("{n} had {a} {t}. {b} are gone. How many remain?", "-"),
)


def banking77(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows as banking77 has them: a question, and one of a few labels."""
    draw, rows = random.Random(seed), []
    for _ in range(count):
        label = draw.choice(list(QUESTIONS))
        tail = " ".join(draw.choice(WORDS.split()) for _ in range(8))
        rows.append(chat(f"Classify: {draw.choice(QUESTIONS[label])}, {tail}?", label))
    return rows


def gsm8k(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows as GSM8K has them: a question, and an answer that comes to its number after ####."""
    draw, rows = random.Random(seed), []
    for place in range(count):
        story, sign = STORIES[place % len(STORIES)]
        b, a = sorted(draw.sample(range(2, 12), 2))
        name, thing = draw.choice(NAMES.split()[seed::2]), draw.choice(THINGS.split())
        result = a + b if sign == "+" else a - b
        worked = f"That is {a} {sign} {b} = <<{a}{sign}{b}={result}>>{result} {thing}."
        question = story.format(n=name, a=a, b=b, t=thing)
        rows.append({"question": question, "answer": f"{worked}\n#### {result}"})
    return rows


def _make(folder: Path, train: list[dict[str, Any]], test: list[dict[str, Any]], **overrides: Any) -> tuple[Any, ...]:
    folder.mkdir()
    write_rows(folder / "train.jsonl", train)
    write_rows(folder / "test.jsonl", test)
    workspace = Workspace(folder)
    quick = {
        "data__test": "test.jsonl",
        "data__validation_fraction": 0,
        "evaluate__regression": [],
        "method__row_losses": False,
        "method__samples": 0,
        "train__eval_strategy": "no",
        "train__save_strategy": "no",
        "train__gradient_accumulation_steps": 1,
        "train__max_steps": 2,
        "train__learning_rate": 3e-3,
        "launch__threads": 2,
    }
    recipe = make_recipe("pocket", TWO_CORES, **{**quick, **overrides})
    freeze(workspace, recipe.name, recipe.data)
    return workspace, recipe


BANKING = {"prompt__few_shot": [0], "evaluate__max_new_tokens": 12}
GSM8K = {"prompt__few_shot": [0], "prompt__system": "Answer with a number.", "evaluate__max_new_tokens": 12}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The embedded model after two steps on a few questions to a bank."""
    labels = f"Answer with one of these labels: {', '.join(QUESTIONS)}."
    root = tmp_path_factory.mktemp("figures") / "banking77"
    workspace, recipe = _make(root, banking77(40, 0), banking77(24, 1), prompt__system=labels, **BANKING)
    job = run_job(workspace, "train", recipe)
    assert phase(job) == "done", read_state(job)
    return job


def _evaluated(workspace: Workspace, recipe: Any, job: Job) -> tuple[Job, dict[str, Any]]:
    evaluation = new_job(workspace, "evaluate", recipe, {"baseline": "1"}, job=str(job.path))
    do_job(evaluation)
    assert phase(evaluation) == "done", read_state(evaluation)
    found = read_json(evaluation.verdict)
    assert isinstance(found, dict)
    return evaluation, found


def _reproduced(outputs: Path, found: dict[str, Any], metric: str) -> dict[str, Any]:
    """What the script finds, after comparing what both systems have with what the evaluation found."""
    command = [sys.executable, "-I", str(SCRIPT), str(outputs), found["chosen"], metric]
    anew: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert found["verdict"]["metric"] == metric
    assert len(found["systems"]) == 2
    for system in found["systems"]:
        ours, theirs = system["metrics"][metric], anew["systems"][system["name"]]
        assert ours["value"] == pytest.approx(theirs["value"], abs=1e-12)
        assert ours["interval"] == pytest.approx(theirs["interval"], abs=1e-9)
    verdict = found["verdict"]
    assert (verdict["gained"], verdict["lost"]) == (anew["gained"], anew["lost"])
    if verdict["groups"] is None:
        assert verdict["test"] == "exact McNemar"
        assert verdict["p_value"] == pytest.approx(anew["p_value"], abs=1e-12)
        assert verdict["interval"] == pytest.approx(anew["interval"], abs=1e-9)
    return anew


def _check_labels(report: dict[str, Any], anew: dict[str, Any]) -> None:
    for system in report["systems"]:
        table, theirs = system["labels"], anew["systems"][system["name"]]
        assert table["macro_f1"] == pytest.approx(theirs["macro_f1"], abs=1e-12)
        # As they are compared, and -1 is no label.
        names = [each["label"].rstrip("?!.").casefold() if each["n"] else "?" for each in table["labels"]] + ["?"]
        found: Counter[str] = Counter()
        for one, other, count in table["confusions"]:
            found[f"{names[one]} > {names[other]}"] += count
        assert found == theirs["confusions"]


def test_labels_are_chosen_for_questions_to_a_bank_and_every_figure_is_found_again(tuned: Job) -> None:
    recipe = parse(tuned.recipe.read_text(), "colours")
    evaluation, found = _evaluated(tuned.workspace, recipe, tuned)
    assert list(found["systems"][0]["metrics"]) == ["label_accuracy", "exact_match"]
    anew = _reproduced(evaluation.outputs, found, "label_accuracy")
    _check_labels(found, anew)
    assert anew["systems"][found["chosen"]]["value"] > 0, "the case that this test is about"
    assert found["verdict"]["groups"] is None, "the p-value is found again, too"


def test_numbers_are_chosen_for_sums_and_every_figure_is_found_again(tuned: Job, tmp_path: Path) -> None:
    workspace, recipe = _make(tmp_path / "gsm8k", gsm8k(16, 0), gsm8k(24, 1), **GSM8K)
    evaluation, found = _evaluated(workspace, recipe, tuned)
    assert list(found["systems"][0]["metrics"]) == ["number_match"]
    anew = _reproduced(evaluation.outputs, found, "number_match")
    assert anew["systems"][found["chosen"]]["value"] > 0, "the case that this test is about"
    assert found["verdict"]["groups"] is None, "the p-value is found again, too"


def _answered(draw: random.Random, right: float, row: int) -> Output:
    """A row of questions to a bank, answered right, by another label, or by none."""
    labels = [*QUESTIONS]
    wanted = labels[row % len(labels)]
    said = wanted if draw.random() < right else draw.choice([*labels, "I do not know", "Card_Arrival."])
    return Output(f"{row:016x}", (), wanted, said)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_answered_the_figures_are_found_again(tmp_path: Path, seed: int) -> None:
    draw, metrics = random.Random(seed), [named_metric("label_accuracy")]
    systems, outputs = [], []
    for name, right in (("zero-shot", 0.3), ("tuned", 0.3 + 0.2 * seed)):
        found = [_answered(draw, right, row) for row in range(60)]
        write_outputs(tmp_path / "outputs" / f"test.{name}.jsonl", found)
        systems.append({"name": name, "metrics": summarise(found, metrics), **details(found, metrics)})
        outputs.append(scores(found, metrics[0]))
    verdict = decide(*outputs, metrics[0]).as_json()
    report = {"chosen": "zero-shot", "systems": systems, "verdict": verdict, "groups": None}
    anew = _reproduced(tmp_path / "outputs", report, "label_accuracy")
    _check_labels(report, anew)
    assert anew["gained"] > 0
    assert anew["lost"] > 0


@pytest.mark.parametrize(
    ("variable", "metric", "options"),
    [("FTWORKBENCH_BANKING77", "label_accuracy", BANKING), ("FTWORKBENCH_GSM8K", "number_match", GSM8K)],
)
def test_the_real_files_figures_are_found_again(
    tuned: Job, tmp_path: Path, variable: str, metric: str, options: dict[str, Any]
) -> None:
    if not os.environ.get(variable):
        pytest.skip(f"{variable} does not name the real test file")
    rows = [json.loads(line) for line in Path(os.environ[variable]).read_text().splitlines()]
    drawn = {"data__test": None, "data__test_fraction": 0.2, "evaluate__max_new_tokens": 48}
    workspace, recipe = _make(tmp_path / "real", rows, [], **{**options, **drawn, "evaluate__limit": REAL_ROWS})
    evaluation, found = _evaluated(workspace, recipe, tuned)
    anew = _reproduced(evaluation.outputs, found, metric)
    if metric == "label_accuracy":
        _check_labels(found, anew)
    for each in found["systems"]:
        macro = each["labels"]["macro_f1"] if "labels" in each else None
        print(variable, each["name"], each["metrics"][metric], "macro F1", macro, found["verdict"]["test"])
