from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model, peft_model
from tiny import events, new_job, notices
from transformers import Qwen2Config, Qwen2MoeConfig

from ftworkbench import worker
from ftworkbench.data.splits.split import load_parts
from ftworkbench.evaluate.contestants import tuned
from ftworkbench.jobs.adapters import WEIGHTS, adapters_of
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.queue import holder
from ftworkbench.jobs.session import answers, ask
from ftworkbench.jobs.state import phase, read_state
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker import streaming
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.adapter import Adapters, adapter_sha256, attach, read_adapter
from ftworkbench.worker.checkpoints import sha256_of
from ftworkbench.worker.generate import Sampling, generate
from ftworkbench.worker.models import load_base, load_tokenizer
from ftworkbench.worker.streaming import Asked, Streamed, mixes, stream, without_adapter
from ftworkbench.worker.template import Template, open_template
from ftworkbench.workspace import Workspace

Trained = tuple[Workspace, Recipe, Job]
SYSTEMS = [
    {"name": "zero-shot", "system": "Name the colour.", "adapter": False},
    {"name": "tuned", "system": "Name the colour.", "adapter": True},
]
NAMES = [each["name"] for each in SYSTEMS]
QUESTION = [{"role": "user", "content": "What colour has the sky of old new wet dry number 3?"}]


@contextmanager
def session(trained: Trained, *, queue: bool = False, **args: Any) -> Iterator[Job]:
    """A session served by a thread of this process, which may have a device once only."""
    workspace, recipe, job = trained
    recipe = replace(recipe, launch=replace(recipe.launch, queue=queue))
    opened = new_job(workspace, "session", recipe, job=str(job.path), **args)
    thread = threading.Thread(target=do_job, args=(opened,))
    thread.start()
    try:
        yield opened
        if phase(opened) != "done":
            ask(opened, "close")
    finally:
        opened.stop_file.touch()
        thread.join(timeout=60)


@pytest.fixture(scope="module")
def opened(trained: Trained) -> Iterator[Job]:
    with session(trained) as job:
        yield job


def _said(job: Job, request: str, names: list[str]) -> dict[str, dict[str, Any]]:
    """What each system wrote, put together from its pieces, with its totals."""
    found: dict[str, dict[str, Any]] = {name: {"pieces": ""} for name in names}
    for event in answers(job, request, names, timeout=60):
        mine = found[event.fields["system"]]
        mine["pieces"] += event.fields.get("delta", "")
        if event.fields.get("done") or event.fields.get("error"):
            mine |= event.fields
    return found


def test_base_and_tuned_answer_side_by_side_and_prove_who_they_are(trained: Trained, opened: Job) -> None:
    request = ask(opened, "generate", systems=SYSTEMS, messages=QUESTION, max_new_tokens=8, temperature=0, seed=1)
    said = _said(opened, request, ["zero-shot", "tuned"])
    assert said["tuned"]["adapter_sha256"] == adapter_sha256(trained[2])
    assert said["zero-shot"]["adapter_sha256"] is None
    assert said["tuned"]["pieces"] != said["zero-shot"]["pieces"]
    for each in said.values():
        assert each["pieces"] == each["text"]
        assert each["tokens"] > 0
        assert each["seconds"] >= each["first_token_seconds"] > 0


def test_sampling_by_the_same_seed_gives_the_same_answer(opened: Job) -> None:
    texts = []
    for seed in (1, 1, 2, 3):
        request = ask(
            opened, "generate", systems=SYSTEMS[:1], messages=QUESTION, max_new_tokens=8, temperature=2.0, seed=seed
        )
        texts.append(_said(opened, request, ["zero-shot"])["zero-shot"]["text"])
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_tokens_are_shown_as_they_are_trained(opened: Job) -> None:
    request = ask(opened, "tokens", messages=[*QUESTION, {"role": "assistant", "content": "blue"}], tools=[])
    [event] = list(answers(opened, request, timeout=60))
    pieces = event.fields["pieces"]
    assert "".join(piece["text"] for piece in pieces if piece["state"] == "trained") == "blue<|im_end|>"
    assert pieces[0]["special"] == "<|im_start|>"
    assert event.fields["trained"] == 2
    assert event.fields["tokens"] == len(pieces)


def test_what_cannot_be_answered_says_why_and_the_session_goes_on(opened: Job) -> None:
    bad = ask(opened, "generate", systems=SYSTEMS, messages="no list")
    said = _said(opened, bad, ["zero-shot", "tuned"])
    assert "messages: a list" in said["tuned"]["error"]
    unknown = ask(opened, "sing")
    [event] = list(answers(opened, unknown, timeout=60))
    assert "nothing that a session can be asked" in event.fields["error"]
    assert phase(opened) == "running"


def test_a_session_makes_way_for_a_job_that_queues_and_answers_again_later(trained: Trained) -> None:
    workspace, recipe, _ = trained
    with session(trained, queue=True) as job:
        first = ask(job, "generate", systems=SYSTEMS[:1], messages=QUESTION, max_new_tokens=2)
        assert _said(job, first, ["zero-shot"])["zero-shot"].get("done")
        other = new_job(workspace, "train", recipe)
        code = (
            "import sys; from pathlib import Path; from ftworkbench.jobs.folder import Job;"
            "from ftworkbench.jobs.queue import take_device;"
            "take_device('cpu', Job(Path(sys.argv[1])), print, lambda: False, look=0.1).release()"
        )
        own = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        assert holder("cpu") == job.path
        # Another process, since a lock is a process's: it gets the device while the session is still there.
        subprocess.run([sys.executable, "-c", code, str(other.path)], env=own, timeout=60, check=True)
        assert "made-way" in notices(job)
        assert phase(job) == "running"
        again = ask(job, "generate", systems=SYSTEMS[:1], messages=QUESTION, max_new_tokens=2)
        assert _said(job, again, ["zero-shot"])["zero-shot"].get("done")


def test_a_session_that_waits_for_the_device_shows_tokens_meanwhile(trained: Trained) -> None:
    workspace, recipe, _ = trained
    code = (
        "import sys; from pathlib import Path; from ftworkbench.jobs.folder import Job;"
        "from ftworkbench.jobs.queue import take_device;"
        "lease = take_device('cpu', Job(Path(sys.argv[1])), print, lambda: False, look=0.1);"
        "print('taken', flush=True); sys.stdin.read(); lease.release()"
    )
    command = [sys.executable, "-c", code, str(new_job(workspace, "train", recipe).path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        while "taken" not in other.stdout.readline():
            pass
        with session(trained, queue=True) as job:
            prompt = ask(job, "generate", systems=SYSTEMS[:1], messages=QUESTION, max_new_tokens=2)
            tokens = ask(job, "tokens", messages=[*QUESTION, {"role": "assistant", "content": "blue"}])
            assert _said(job, tokens, [""])[""].get("done")
            other.stdin.close()
            assert _said(job, prompt, ["zero-shot"])["zero-shot"].get("done")


def test_a_session_that_nobody_asks_leaves(trained: Trained) -> None:
    workspace, recipe, _ = trained
    job = new_job(workspace, "session", recipe, job=None, idle=0.2)
    assert do_job(job) == 0
    assert phase(job) == "done"


def test_a_session_without_an_adapter_refuses_to_answer_as_tuned(trained: Trained) -> None:
    workspace, recipe, _ = trained
    job = new_job(workspace, "session", recipe, job=None, idle=0.2)
    thread = threading.Thread(target=do_job, args=(job,))
    # Asked before it begins: a session reads what waits for it.
    job.requests.write_text(
        '{"v":1,"id":"one","op":"generate","systems":[{"name":"tuned","adapter":true}],'
        '"messages":[{"role":"user","content":"x"}]}\n'
    )
    thread.start()
    thread.join()
    [event] = [event for event in events(job, "answer") if event.fields["request"] == "one"]
    assert "no adapter" in event.fields["error"]
    assert read_state(job) is not None


def test_checkpoints_answer_beside_base_and_tuned_and_each_says_which_it_is(trained: Trained, opened: Job) -> None:
    _, _, job = trained
    kept = [each for each in adapters_of(job) if each.step is not None]
    assert kept
    systems = [*SYSTEMS, {"name": "then", "system": "Name the colour.", "adapter": kept[-1].name}]
    request = ask(opened, "generate", systems=systems, messages=QUESTION, max_new_tokens=8)
    found = _said(opened, request, ["zero-shot", "tuned", "then"])
    assert found["zero-shot"]["adapter_sha256"] is None
    assert found["tuned"]["adapter_sha256"] == adapter_sha256(job)
    assert found["then"]["adapter_sha256"] == sha256_of(kept[-1].folder / WEIGHTS)
    assert {each["seed"] for each in found.values()} == {0}
    assert len({each["template_sha256"] for each in found.values()}) == 1


@pytest.mark.parametrize("batched", [True, False])
def test_where_the_adapters_are_swapped_inside_what_is_told_of_the_answers_tells(
    trained: Trained, opened: Job, monkeypatch: pytest.MonkeyPatch, batched: bool
) -> None:
    def answered() -> tuple[dict[str, Any], dict[str, Any]]:
        said = _said(opened, ask(opened, "generate", systems=SYSTEMS, messages=QUESTION, max_new_tokens=8), NAMES)
        return said["zero-shot"], said["tuned"]

    base, tuned = answered()
    whole = streaming.run
    if batched:
        swapped = lambda *rest, by_row, **options: whole(*rest, by_row=by_row[::-1], **options)  # noqa: E731
        monkeypatch.setattr(streaming, "run", swapped)
    else:  # one after the other, and for the base the adapter stays switched on
        monkeypatch.setattr(streaming, "mixes", lambda *_: False)
        monkeypatch.setattr(streaming, "without_adapter", lambda model: nullcontext())
    as_base, as_tuned = answered()
    assert as_base["text"] == tuned["text"] != base["text"]
    assert as_base["adapter_sha256"] == adapter_sha256(trained[2])
    assert as_tuned["adapter_sha256"] == (None if batched else adapter_sha256(trained[2]))


def test_each_goes_on_with_the_turns_that_it_said_itself(opened: Job) -> None:
    said = [*QUESTION, {"role": "assistant", "content": "green"}, *QUESTION]
    request = ask(opened, "generate", systems=SYSTEMS[:1], messages=said, max_new_tokens=8)
    alone = _said(opened, request, ["zero-shot"])["zero-shot"]["text"]
    systems = [{**SYSTEMS[0], "messages": said}, {**SYSTEMS[1], "messages": QUESTION}]
    request = ask(opened, "generate", systems=systems, messages=QUESTION, max_new_tokens=8)
    assert _said(opened, request, ["zero-shot", "tuned"])["zero-shot"]["text"] == alone


@pytest.mark.parametrize(
    ("adapter", "why"),
    [("nobody-0000", "no such job"), ("../../etc", "no such job"), ("{job}/checkpoint-99999", "has no")],
)
def test_an_adapter_that_is_not_there_is_refused_by_name(trained: Trained, opened: Job, adapter: str, why: str) -> None:
    systems = [{"name": "x", "adapter": adapter.format(job=trained[2].short)}]
    request = ask(opened, "generate", systems=systems, messages=QUESTION, max_new_tokens=8)
    assert why in _said(opened, request, ["x"])["x"]["error"]


# -------------------------------------------------------------------------------------------------
# Over the weights themselves


@pytest.fixture(scope="module")
def both(trained: Trained) -> tuple[Any, Template, list[list[int]]]:
    """Base and adapter in one model, its template, and 100 prompts of unequal length."""
    workspace, recipe, job = trained
    tokenizer = load_tokenizer(recipe, workspace)
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")
    parts = load_parts(workspace, recipe.name, recipe.data)
    examples = [*parts.train, *parts.validation, *parts.test]
    prompts = []
    for index in range(100):
        example = examples[index % len(examples)]
        said = {**example.prompt[-1], "content": example.prompt[-1]["content"] + " please" * (index % 13)}
        system = {"role": "system", "content": tuned(recipe.prompt).system}
        prompts.append(template.prompt([system, said] if index % 2 else [said]))
    return attach(load_base(recipe, workspace, "cpu"), job), template, prompts


def test_in_one_batch_base_and_tuned_answer_exactly_as_each_alone(both: tuple[Any, Template, list[list[int]]]) -> None:
    model, template, prompts = both
    assert mixes(model, ["default"])
    sampling = Sampling(8)
    alone = [generate(model, template, [prompt], sampling, batch_size=1)[0].text for prompt in prompts]
    with without_adapter(model):
        base = [generate(model, template, [prompt], sampling, batch_size=1)[0].text for prompt in prompts]
    assert alone != base
    for index, prompt in enumerate(prompts):
        found: dict[str, str] = {}

        def take(part: Streamed, found: dict[str, str] = found) -> None:
            if part.answer is not None:
                found[part.name] = part.answer.text

        # The other prompt is longer or shorter: one of the two is padded.
        other = prompts[index - 1]
        stream(model, template, [Asked("base", prompt, None), Asked("tuned", other, "default")], sampling, take)
        assert found == {"base": base[index], "tuned": alone[index - 1]}


def test_what_a_row_draws_does_not_depend_on_its_batch(both: tuple[Any, Template, list[list[int]]]) -> None:
    model, template, prompts = both
    drawn = Sampling(8, temperature=1.5, seed=3, top_p=0.9)
    batched = generate(model, template, prompts[:20], drawn, batch_size=7)
    single = [generate(model, template, [prompt], drawn, batch_size=1)[0] for prompt in prompts[:20]]
    assert [each.text for each in batched] == [each.text for each in single]
    likeliest = generate(model, template, prompts[:20], Sampling(8), batch_size=7)
    assert [each.text for each in batched] != [each.text for each in likeliest]


def test_in_half_precision_what_differs_in_one_batch_is_that_of_batching(
    trained: Trained, both: tuple[Any, Template, list[list[int]]]
) -> None:
    workspace, recipe, job = trained
    model = attach(load_base(recipe, workspace, "cpu"), job).to(torch.bfloat16)
    ids = torch.tensor([prompt[:12] for prompt in both[2][:4] if len(prompt) >= 12])
    with torch.inference_mode():
        names = ["__base__", "default"] * (len(ids) // 2) + ["__base__"] * (len(ids) % 2)
        mixed = model(ids, adapter_names=names).logits
        tuned_alone = model(ids).logits
        with model.disable_adapter():
            base_alone = model(ids).logits
    for row, name in enumerate(names):
        same_size = base_alone if name == "__base__" else tuned_alone
        assert torch.equal(mixed[row], same_size[row])
    assert not torch.equal(base_alone, tuned_alone)


def test_batches_answer_as_single_prompts_do(both: tuple[Any, Template, list[list[int]]]) -> None:
    model, template, prompts = both
    sampling = Sampling(8)
    told: dict[int, Any] = {}
    batched = generate(model, template, prompts, sampling, batch_size=32, tell=told.update)
    single = [generate(model, template, [prompt], sampling, batch_size=1)[0] for prompt in prompts]
    assert [each.text for each in batched] == [each.text for each in single]
    assert [each.finish for each in batched] == [each.finish for each in single]
    assert [each.tokens for each in batched] == [each.tokens for each in single]
    assert [told[index] for index in range(len(prompts))] == batched


def test_where_memory_runs_out_fewer_prompts_are_asked_at_once_and_the_answers_are_the_same(
    both: tuple[Any, Template, list[list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, template, prompts = both
    whole = generate(model, template, prompts, Sampling(8), batch_size=32)
    at_once: list[int] = []

    def run(model: Any, template: Template, prompts: list[list[int]], *rest: Any, **named: Any) -> Any:
        if len(prompts) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        at_once.append(len(prompts))
        return real(model, template, prompts, *rest, **named)

    real, most, told = worker.generate.run, 5, list[int]()
    monkeypatch.setattr(worker.generate, "run", run)
    halved = generate(model, template, prompts, Sampling(8), batch_size=32, fewer=told.append)
    assert told == [16, 8, 4]
    assert max(at_once) == 4
    assert sum(at_once) == len(prompts)
    assert [each.text for each in halved] == [each.text for each in whole]
    most = 0
    with pytest.raises(torch.OutOfMemoryError):
        generate(model, template, prompts[:2], Sampling(8), batch_size=32)


def test_an_adapter_that_cannot_be_mixed_is_answered_in_two_passes(both: tuple[Any, Template, list[list[int]]]) -> None:
    model, template, prompts = both
    sampling = Sampling(8)
    mixed, apart = {}, {}
    asked = [Asked("base", prompts[0], None), Asked("tuned", prompts[0], "default")]
    stream(model, template, asked, sampling, lambda part: _keep(mixed, part))
    model.peft_config["default"].use_dora = True
    try:
        assert not mixes(model, ["default"])
        stream(model, template, asked, sampling, lambda part: _keep(apart, part))
    finally:
        model.peft_config["default"].use_dora = False
    assert mixed == apart


def test_models_of_experts_are_not_mixed() -> None:
    """They lay the tokens of all rows end to end: PEFT would take the first tokens for the first row's."""
    config = Qwen2MoeConfig(hidden_size=16, num_hidden_layers=1, num_experts=4, vocab_size=8)
    plain = SimpleNamespace(config=config, peft_config={"default": LoraConfig()})
    assert not mixes(plain, ["default"])
    plain.config = Qwen2Config(hidden_size=16, num_hidden_layers=1, vocab_size=8)
    assert mixes(plain, ["default"])


def _keep(found: dict[str, str], part: Streamed) -> None:
    if part.answer is not None:
        found[part.name] = part.answer.text


def test_adapters_of_two_kinds_take_turns_on_one_base(trained: Trained, tmp_path: Path) -> None:
    workspace, recipe, job = trained
    base = load_base(recipe, workspace, "cpu")
    config = IA3Config(target_modules=["v_proj", "down_proj"], feedforward_modules=["down_proj"])
    scaled = get_peft_model(load_base(recipe, workspace, "cpu"), config)
    for name, weight in scaled.named_parameters():
        if "ia3" in name:
            torch.nn.init.normal_(weight, 1.0, 0.5)
    scaled.save_pretrained(tmp_path)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        plain, by_ia3 = base(ids).logits, scaled(ids).logits
        by_lora = attach(load_base(recipe, workspace, "cpu"), job)(ids).logits
        adapters = Adapters(base)
        for folder, wanted in ((job.adapter, by_lora), (tmp_path, by_ia3), (job.adapter, by_lora)):
            adapter = read_adapter(folder)
            adapters.put([adapter])
            adapters.model.set_adapter(adapter.name)
            assert torch.equal(adapters.model(ids).logits, wanted)
            with without_adapter(adapters.model):
                assert torch.equal(adapters.model(ids).logits, plain)


def test_a_prompt_that_fills_the_context_does_not_cut_the_others_answer(
    both: tuple[Any, Template, list[list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, template, prompts = both
    short, long = min(prompts, key=len), max(prompts, key=len)
    context = len(long) + 2
    monkeypatch.setattr(streaming, "context_of", lambda model: context)
    assert len(short) + 8 <= context
    alone: dict[str, str] = {}
    stream(model, template, [Asked("tuned", short, "default")], Sampling(8), lambda part: _keep(alone, part))
    found: dict[str, Any] = {}

    def take(part: Streamed) -> None:
        if part.answer is not None:
            found[part.name] = part.answer

    too_long = [*long, *long]
    asked = [Asked("base", long, None), Asked("tuned", short, "default"), Asked("other", too_long, None)]
    stream(model, template, asked, Sampling(8), take)
    assert found["tuned"].text == alone["tuned"]
    assert found["base"].tokens <= 2
    assert (found["other"].tokens, found["other"].finish) == (0, "length")


def test_an_adapter_that_could_not_be_loaded_is_not_answered_for_by_the_base(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, recipe, job = trained
    first, second = read_adapter(job.adapter), read_adapter(adapters_of(job)[-1].folder)
    assert first.name != second.name
    adapters = Adapters(load_base(recipe, workspace, "cpu"))
    adapters.put([first])

    def no_room(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(peft_model, "load_peft_weights", no_room)
        with pytest.raises(torch.OutOfMemoryError):
            adapters.put([second])
    adapters.put([second])
    adapters.model.set_adapter(second.name)
    ids = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        answered = adapters.model(ids).logits
        with without_adapter(adapters.model):
            assert not torch.equal(answered, adapters.model(ids).logits)


def test_switched_adapters_would_be_seen(both: tuple[Any, Template, list[list[int]]]) -> None:
    model, template, prompts = both
    right: dict[str, str] = {}
    wrong: dict[str, str] = {}
    ask_both = [Asked("base", prompts[0], None), Asked("tuned", prompts[0], "default")]
    swapped = [Asked("base", prompts[0], "default"), Asked("tuned", prompts[0], None)]
    stream(model, template, ask_both, Sampling(8), lambda part: _keep(right, part))
    stream(model, template, swapped, Sampling(8), lambda part: _keep(wrong, part))
    assert right == {"base": wrong["tuned"], "tuned": wrong["base"]}
    assert right != wrong
