"""Tasks of lm-evaluation-harness as suites: the real library, local data, the hub never asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny import events, new_job, notices, run_job, write_rows

from ftworkbench.data.checks.groups import groups_of
from ftworkbench.errors import InputError
from ftworkbench.evaluate.outputs import Output, read_outputs
from ftworkbench.files import read_json
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.suite_names import split_suite
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.harness_kept import Kept
from ftworkbench.worker.harness_opening import open_or_say_why, refuse_code_of_the_hub
from ftworkbench.worker.harness_process import chat_of
from ftworkbench.worker.harness_rows import questions_of
from ftworkbench.worker.harness_tasks import TaskSuite, build, depends_on, open_suite
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
TURNS = r"<\|im_start\|>user\n{}<\|im_end\|>\n<\|im_start\|>assistant\n"
FAR = (
    "evaluate.regression: lm-eval:far: its data is not on this machine, and the hub may not be asked "
    "(launch.offline, HF_HUB_OFFLINE)"
)
CHOICES = ["red", "green", "blue"]
THINGS = {"tomato": 0, "grass": 1, "sky": 2, "ruby": 0, "lime": 1, "sea": 2, "cherry": 0, "moss": 1, "jeans": 2}
COMMON = """
dataset_path: json
dataset_kwargs: {data_files: {test: tasks/data/FILE.jsonl}}
test_split: test
doc_to_text: "{{question}}"
"""
COLOURS = f"""task: colours{COMMON.replace("FILE", "colours")}
output_type: multiple_choice
description: Name the colour.
doc_to_choice: ["red", "green", "blue"]
doc_to_target: "{{{{label}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
  - {{metric: f1, aggregation: f1, higher_is_better: true}}
"""
WORDS = f"""task: words{COMMON.replace("FILE", "words")}
output_type: generate_until
fewshot_split: test
num_fewshot: 1
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["."], max_gen_toks: 8}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""


@pytest.fixture(scope="module")
def asking(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The trained job's workspace with two tasks of its own, one of likelihoods and one of writing."""
    workspace, recipe, job = trained
    folder = workspace.root / "tasks"
    (folder / "data").mkdir(parents=True)
    (folder / "colours.yaml").write_text(COLOURS)
    (folder / "shades.yaml").write_text("include: colours.yaml\ntask: shades\n")
    (folder / "words.yaml").write_text(WORDS)
    odd = ["old", "new", "big", "tiny", "wet", "dry"]
    asked = [
        (f"What colour has the {thing} of {word} old new number 7?", place)
        for word in odd
        for thing, place in THINGS.items()
    ]
    write_rows(folder / "data" / "colours.jsonl", [{"question": each, "label": place} for each, place in asked])
    write_rows(folder / "data" / "words.jsonl", [{"question": f"Say {each}.", "answer": each} for each in THINGS])
    harness = replace(recipe.harness, tasks="tasks", limit=20, chat_template=True)
    suites = ("skills.jsonl", "lm-eval:colours", "lm-eval:shades:acc_norm", "lm-eval:words")
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("hub")
        patch.setenv("HF_HOME", str(cache))
        patch.setattr("datasets.config.HF_DATASETS_CACHE", cache / "datasets")
        for library in ("datasets.config", "huggingface_hub.constants"):
            patch.setattr(f"{library}.HF_HUB_OFFLINE", True)
        patch.chdir(workspace.root)  # as the process has it that asks them
        yield workspace, replace(recipe, harness=harness, evaluate=replace(recipe.evaluate, regression=suites)), job


@pytest.fixture(scope="module")
def measured(asking: Trained) -> Job:
    workspace, recipe, job = asking
    evaluation = run_job(workspace, "evaluate", recipe, job=str(job.path), skip_baseline=True)
    assert phase(evaluation) == "done", vars(read_state(evaluation))["why"]
    return evaluation


def answers(job: Job, suite: str, when: str) -> list[Output]:
    return read_outputs(job.outputs / f"regression.{suite}.{when}.jsonl")


def opened(asking: Trained, text: str, **harness: Any) -> TaskSuite:
    workspace, recipe, _ = asking
    return open_suite(split_suite(text), replace(recipe, harness=replace(recipe.harness, **harness)), workspace.root)


def children() -> set[int]:
    own = os.getpid()
    return set(map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split()))


# -------------------------------------------------------------------------------------------------
# An evaluation


def test_a_task_is_a_suite_like_any_other_before_and_after(measured: Job) -> None:
    found = read_json(measured.verdict)
    suites = {each["suite"]: each for each in found["regression"]}
    assert list(suites) == ["skills", "colours", "shades", "words"]
    assert [each["metric"] for each in found["regression"][1:]] == ["acc", "acc_norm", "exact_match"]
    assert suites["colours"]["n"] == 20
    assert suites["words"]["n"] == len(THINGS)
    assert "colours" in found["card"]["regression"]["words"]
    for name in ("colours", "shades", "words"):
        before, after = answers(measured, name, "before"), answers(measured, name, "after")
        assert [(each.row, each.messages) for each in before] == [(each.row, each.messages) for each in after]
        for when, outputs in (("before", before), ("after", after)):
            scores = [each.scores[suites[name]["metric"]] for each in outputs]
            assert suites[name][when] == pytest.approx(sum(scores) / len(scores))
    assert [each.answer for each in answers(measured, "colours", "before")] != [
        each.answer for each in answers(measured, "colours", "after")
    ], "the adapter answers otherwise"


def test_a_row_has_what_was_asked_the_right_choice_and_the_chosen_one(measured: Job) -> None:
    asks = r"<\|im_start\|>system\nName the colour\.<\|im_end\|>\n"
    asks += TURNS.format(r"What colour has the (\w+) of \w+ old new number 7\?")
    for when in ("before", "after"):
        for each in answers(measured, "colours", when):
            asked = re.fullmatch(asks, each.messages[0]["content"])
            assert asked, each
            assert each.reference == CHOICES[THINGS[asked[1]]]
            assert each.answer in CHOICES
            assert each.scores == {"acc": float(each.answer == each.reference)}
    row = answers(measured, "words", "after")[0]
    example = TURNS.format(r"Say (\w+)\.") + r"\1<\|im_end\|>\n"
    assert re.fullmatch(example + TURNS.format(rf"Say {row.reference}\."), row.messages[0]["content"])


def test_the_figures_are_those_of_a_few_lines_that_use_none_of_this(asking: Trained, measured: Job) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    name = asking[1].model.model_id
    tokenizer, model = AutoTokenizer.from_pretrained(name), AutoModelForCausalLM.from_pretrained(name)
    for when in ("before", "after"):
        if when == "after":
            model = PeftModel.from_pretrained(model, asking[2].path / "adapter")
        for row, by_length in zip(answers(measured, "colours", when), answers(measured, "shades", when), strict=True):
            prompt, likely = row.messages[0]["content"], []
            start = len(tokenizer.encode(prompt))
            for choice in CHOICES:
                ids = torch.tensor([tokenizer.encode(prompt + choice)])
                logits = model.eval()(ids).logits[0, :-1].log_softmax(-1)
                likely.append(logits.gather(1, ids[0, 1:, None])[start - 1 :].sum().item())
            assert row.answer == CHOICES[max(range(3), key=lambda place: likely[place])]
            assert by_length.answer == CHOICES[max(range(3), key=lambda place: likely[place] / len(CHOICES[place]))]


def test_it_is_told_how_far_it_is_and_nothing_is_left_running(measured: Job) -> None:
    told = [event.fields for event in events(measured, "progress") if event.fields["unit"] == "requests"]
    assert {each["what"] for each in told} == {
        f"regression.{name}.{when}" for name in ("colours", "shades", "words") for when in ("before", "after")
    }
    assert (told[0]["done"], told[0]["total"]) == (0, 60)
    assert all(any(each["done"] == each["total"] for each in told if each["what"] == what["what"]) for what in told)
    assert "lm-eval:words: 9 of 9 rows, 1 example, by exact_match" in str(
        [event.fields for event in events(measured, "notice")]
    )
    assert not (measured.path / ".harness").exists()


def test_what_was_asked_is_not_asked_again(asking: Trained, measured: Job, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    suite = opened(asking, "lm-eval:colours")
    build(suite, chat_of(AutoTokenizer.from_pretrained(asking[1].model.model_id)))
    about = read_json(measured.outputs / "regression.colours.json")
    assert about["depends"]["before"] == depends_on(suite, about["version"], "<|im_end|>")
    kept = Kept(tmp_path / "outputs", "colours", "lm-eval:colours", "acc", about["version"])
    assert not kept.has("before", about["depends"]["before"])
    kept.take_over(measured.outputs, "before", about["depends"]["before"])
    assert kept.has("before", about["depends"]["before"])
    assert not kept.has("after", about["depends"]["after"])
    assert not kept.has("before", "another")


def test_a_stop_ends_the_process_too(asking: Trained) -> None:
    workspace, recipe, job = asking
    evaluation = new_job(workspace, "evaluate", recipe, job=str(job.path), skip_baseline=True)
    before = children()
    do_job(evaluation, (evaluation.path / ".harness").exists)
    assert phase(evaluation) == "stopped"
    assert children() == before
    assert not (evaluation.path / ".harness").exists()
    assert not evaluation.verdict.exists()


def test_a_process_that_is_killed_fails_the_job_with_the_signal(asking: Trained) -> None:
    workspace, recipe, job = asking
    evaluation = new_job(workspace, "evaluate", recipe, job=str(job.path), skip_baseline=True)
    before = children()

    def kill() -> bool:
        for child in children() - before:
            os.kill(child, signal.SIGKILL)
        return False

    do_job(evaluation, kill)
    state = read_state(evaluation)
    assert state is not None
    assert state.phase == "failed"
    assert state.why.startswith("lm-evaluation-harness ended in mid-work (SIGKILL); worker.log has its last words")


def test_the_process_ends_when_the_worker_is_killed() -> None:
    code = (
        "import os, sys, time; from ftworkbench.worker.harness_process import die_with\n"
        "parent = os.getpid(); child = os.fork()\n"
        "if not child: die_with(parent); print(os.getpid(), flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        child = Path(f"/proc/{int(worker.stdout.readline())}")
        worker.kill()
        worker.wait()
        until = time.monotonic() + 10
        while child.exists() and "\nState:\tZ" not in (child / "status").read_text() and time.monotonic() < until:
            time.sleep(0.02)
        assert time.monotonic() < until


# -------------------------------------------------------------------------------------------------
# What cannot be asked


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("lm-eval:colours:bleu", "bleu is no metric of it; it has acc, acc_norm, f1"),
        ("lm-eval:colours:f1", "f1 is worked out over all rows together"),
        ("lm-eval:colours:acc,strict", "has no filter strict; it has none"),
    ],
)
def test_a_metric_that_is_not_of_rows_is_refused(asking: Trained, text: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        opened(asking, text)


def test_rows_are_drawn_by_seed_and_examples_are_as_the_recipe_says(asking: Trained) -> None:
    suite = opened(asking, "lm-eval:words", few_shot=2, limit=4)
    build(suite, None)
    (task,) = suite.tasks.values()
    assert suite.words == "4 of 9 rows, 2 examples, by exact_match"
    assert all(str(each.args[0]).count("Say ") == 3 for each in task.instances)
    again = opened(asking, "lm-eval:words", few_shot=2, limit=4)
    build(again, None)
    assert depends_on(suite, "1", None) == depends_on(again, "1", None)
    other = opened(asking, "lm-eval:words", few_shot=1, limit=4)
    build(other, None)
    assert depends_on(suite, "1", None) != depends_on(other, "1", None)


def test_a_task_whose_file_cannot_be_read_is_named_with_the_reason(asking: Trained) -> None:
    (asking[0].root / "tasks" / "torn.yaml").write_text("task: torn\ndoc_to_text: [\n")
    with pytest.raises(InputError, match=r"lm-eval:torn: torn\.yaml cannot be read: while parsing"):
        opened(asking, "lm-eval:torn")


def test_instructions_before_every_question_do_not_make_rows_one_group(asking: Trained) -> None:
    folder = asking[0].root / "tasks"
    long = "Answer in one word, and in that alone, as the examples above have it. "
    (folder / "told.yaml").write_text(
        WORDS.replace("task: words", "task: told").replace('"{{question}}"', f'"{long}Say {{{{answer}}}}."')
    )
    suite = opened(asking, "lm-eval:told")
    (task,) = suite.tasks.values()
    rows = [{"filter": "none", "doc_id": place, "doc": doc} for place, doc in enumerate(task.eval_docs)]
    questions = questions_of(suite, {"told": rows})
    assert questions == [f"{thing}." for thing in THINGS]
    assert len(set(groups_of([({"role": "user", "content": each},) for each in questions]))) == len(THINGS)


def test_code_of_the_hub_or_of_the_model_is_not_run_without_consent(
    asking: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    import evaluate

    monkeypatch.setattr(evaluate, "load", evaluate.load)
    refuse_code_of_the_hub()
    folder = asking[0].root / "tasks"
    (folder / "hub.yaml").write_text(WORDS.replace("task: words", "task: hub").replace("exact_match", "bertscore"))
    with pytest.raises(
        InputError,
        match=r"bertscore is no metric of the library, and would be code of the hub: harness\.run_code = true",
    ):
        opened(asking, "lm-eval:hub:bertscore")
    with pytest.raises(InputError, match=r"runs code that the model writes.*harness\.run_code = true"):
        opened(asking, "lm-eval:humaneval")


def test_data_that_is_not_here_and_may_not_be_fetched_is_said_in_one_line(asking: Trained) -> None:
    workspace, recipe, _ = asking
    (workspace.root / "tasks" / "far.yaml").write_text(
        COLOURS.replace("task: colours", "task: far").replace("dataset_path: json", "dataset_path: nobody/far-away")
    )
    with pytest.raises(InputError) as refused:
        open_or_say_why("lm-eval:far", recipe, workspace.root)
    assert str(refused.value) == FAR


@pytest.mark.skipif(not os.environ.get("FTWORKBENCH_ALL"), reason="FTWORKBENCH_ALL=1: another process of ten seconds")
def test_why_it_cannot_be_asked_is_why_the_job_failed(asking: Trained) -> None:
    workspace, recipe, job = asking
    test_data_that_is_not_here_and_may_not_be_fetched_is_said_in_one_line(asking)
    far = replace(recipe, evaluate=replace(recipe.evaluate, regression=("lm-eval:far",)))
    evaluation = run_job(workspace, "evaluate", far, job=str(job.path), skip_baseline=True)
    state = read_state(evaluation)
    assert state is not None
    assert (state.phase, state.why) == ("failed", FAR)
    assert "harness" not in notices(evaluation)
