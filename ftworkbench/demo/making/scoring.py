"""What the pocket model can do: general skills, valid JSON, and triage before and after tuning."""

import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from ftworkbench.demo.corpus.bank import bank
from ftworkbench.demo.corpus.classify import several_fields
from ftworkbench.demo.corpus.conventions import conventions
from ftworkbench.demo.corpus.extract import json_records
from ftworkbench.demo.corpus.mix import LONGEST_GENERAL

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

Message = dict[str, str]
BATCH = 128
JSON_PROMPTS = 200
CONVENTIONS = 300
SHOTS, SHOT_DRAWS = 6, 5


@dataclass(frozen=True)
class Case:
    """A prompt, the answer that is wanted, and how the two are compared."""

    prompt: list[Message]
    wanted: str
    metric: str
    skill: str


@dataclass(frozen=True)
class Tuning:
    """How the LoRA of the triage score is trained."""

    rate: float = 2e-3
    epochs: int = 3
    batch: int = 16
    rank: int = 16


def answers(model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase", prompts: list[list[Message]]) -> list[str]:
    """The greedy answers, in the order of the prompts."""
    import torch

    tokenizer.padding_side = "left"
    texts = [
        str(tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)) for prompt in prompts
    ]
    found = [""] * len(texts)
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    model.eval()
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        batch = tokenizer(
            [texts[place] for place in places], return_tensors="pt", padding=True, add_special_tokens=False
        )
        batch.pop("token_type_ids", None)
        with torch.inference_mode():
            out = model.generate(**batch.to(model.device), max_new_tokens=64, do_sample=False)
        fresh = tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        for place, text in zip(places, fresh, strict=True):
            found[place] = text
    return found


def parsed(text: str) -> Any:
    """The JSON value of the text, or None where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def matches(case: Case, answer: str) -> bool:
    """Whether the answer is the one wanted."""
    if case.metric == "json_match":
        return bool(parsed(answer) == parsed(case.wanted))
    return answer.strip() == case.wanted.strip()


def score(
    model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase", cases: list[Case], show: int = 0
) -> dict[str, float]:
    """The share of right answers, of all and by skill; prints the first `show` wrong ones."""
    given = answers(model, tokenizer, [case.prompt for case in cases])
    right: dict[str, list[bool]] = defaultdict(list)
    for case, answer in zip(cases, given, strict=True):
        good = matches(case, answer)
        right[case.skill].append(good)
        right["all"].append(good)
        if not good and show > 0:
            show -= 1
            print(
                f"  wrong ({case.skill}): {case.prompt[-1]['content'][-160:]!r} "
                f"wanted {case.wanted!r} got {answer[:80]!r}"
            )
    return {skill: round(sum(found) / len(found), 3) for skill, found in sorted(right.items())}


def general_cases(path: Path) -> list[Case]:
    """The rows of a regression suite."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Case(row["messages"][:-1], row["messages"][-1]["content"], row["metric"], row["skill"]) for row in rows]


def json_validity(model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase") -> float:
    """The share of held-out prompts for JSON, asked zero-shot, whose answer is a JSON object."""
    rng, source = Random(77), bank("held_out")
    prompts: list[list[Message]] = []
    while len(prompts) < JSON_PROMPTS:
        row = (several_fields if len(prompts) % 2 else json_records)(rng, source)
        messages = row.as_messages()[:-1]
        zero_shot = sum(message["role"] == "user" for message in messages) == 1
        if zero_shot and sum(len(message["content"]) for message in messages) < LONGEST_GENERAL:
            prompts.append(messages)
    return sum(isinstance(parsed(text), dict) for text in answers(model, tokenizer, prompts)) / JSON_PROMPTS


def conventions_score(model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase") -> float:
    """The share of right answers to held-out messages whose label only the examples before them tell."""
    rng, source = Random(78), bank("held_out", "seen")
    cases: list[Case] = []
    while len(cases) < CONVENTIONS:
        row = conventions(rng, source)
        if sum(len(text) for _, text in row.turns) < 2 * LONGEST_GENERAL:
            *prompt, last = row.as_messages()
            cases.append(Case(prompt, last["content"], row.metric, row.skill))
    return score(model, tokenizer, cases)["all"]


def curated(folder: Path, name: str) -> list[list[Message]]:
    """The rows of a triage file without those that `faults.json` names."""
    faults = json.loads((folder / "faults.json").read_text(encoding="utf-8")).get(name, [])
    bad = {fault["row"] for fault in faults}
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for number, line in enumerate(lines, 1) if number not in bad]


def system_prompts(folder: Path) -> tuple[str, str]:
    """What the demo's recipe says before a row: to the prompted model, and to the tuned one."""
    prompt = tomllib.loads((folder / "triage.toml").read_text(encoding="utf-8"))["prompt"]
    return prompt["system"], prompt["tuned_system"]


def triage_cases(system: str, rows: list[list[Message]], shots: list[list[Message]] | None = None) -> list[Case]:
    """The rows as prompts under the system prompt, after the examples where there are some."""
    before = [{"role": "system", "content": system}, *(message for shot in shots or () for message in shot)]
    return [Case([*before, *row[:-1]], row[-1]["content"], "json_match", "triage") for row in rows]


def drawn_shots(rows: list[list[Message]], count: int, seed: int) -> list[list[Message]]:
    """Examples for a prompt: a different queue each while there are some, in an order that the seed gives."""
    mixed = Random(seed).sample(rows, len(rows))
    found: list[list[Message]] = []
    queues: set[str] = set()
    for row in mixed:
        queue = parsed(row[-1]["content"])["queue"]
        if queue not in queues and len(found) < count:
            queues.add(queue)
            found.append(row)
    return found + [row for row in mixed if row not in found][: count - len(found)]


def triage_scores(model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase", folder: Path) -> dict[str, Any]:
    """Exact matches on the clean test rows: zero-shot, by field, and with six examples, drawn several times."""
    train, test = curated(folder, "train.jsonl"), curated(folder, "test.jsonl")
    system, _ = system_prompts(folder)
    cases = triage_cases(system, test)
    given = [parsed(text) for text in answers(model, tokenizer, [case.prompt for case in cases])]
    wanted = [parsed(case.wanted) for case in cases]
    by_field = {
        key: round(
            sum(isinstance(a, dict) and a.get(key) == b[key] for a, b in zip(given, wanted, strict=True)) / len(test), 3
        )
        for key in ("queue", "urgency")
    }
    exact = sum(a == b for a, b in zip(given, wanted, strict=True)) / len(test)
    few = [
        score(model, tokenizer, triage_cases(system, test, drawn_shots(train, SHOTS, seed)))["all"]
        for seed in range(SHOT_DRAWS)
    ]
    return {"rows": len(test), "zero_shot": round(exact, 3), **by_field, "six_shot": few}


def tuned_scores(
    model: "LlamaForCausalLM", tokenizer: "PreTrainedTokenizerBase", folder: Path, general: Path, tuning: Tuning
) -> dict[str, Any]:
    """A LoRA on the curated triage rows: its triage score zero-shot and the general skills after it."""
    import torch
    from peft import LoraConfig, get_peft_model

    train, test = curated(folder, "train.jsonl"), curated(folder, "test.jsonl")
    _, system = system_prompts(folder)
    rows = [(row.prompt, row.wanted) for row in triage_cases(system, train)]
    torch.manual_seed(0)
    config = LoraConfig(r=tuning.rank, lora_alpha=tuning.rank * 2, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config)
    optimizer = torch.optim.AdamW((each for each in tuned.parameters() if each.requires_grad), lr=tuning.rate)
    steps = tuning.epochs * (len(rows) // tuning.batch)
    rng, step = Random(0), 0
    tuned.train()
    for _ in range(tuning.epochs):
        mixed = rng.sample(rows, len(rows))
        for start in range(0, len(mixed) - tuning.batch + 1, tuning.batch):
            ids, labels, seen = _padded(tokenizer, mixed[start : start + tuning.batch], str(model.device))
            for group in optimizer.param_groups:
                group["lr"] = tuning.rate * (1 - step / steps)
            tuned(input_ids=ids, attention_mask=seen, labels=labels).loss.backward()
            torch.nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
    result = {
        "rows": len(rows), "rate": tuning.rate,
        "triage": score(tuned, tokenizer, triage_cases(system, test), show=12)["all"],
        "general": score(tuned, tokenizer, general_cases(general))["all"],
    }  # fmt: skip
    tuned.unload()
    return result


def _padded(
    tokenizer: "PreTrainedTokenizerBase", rows: list[tuple[list[Message], str]], device: str
) -> tuple[Any, Any, Any]:
    import torch

    coded = []
    for prompt, wanted in rows:
        before = tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
        coded.append((tokenizer.encode(before), [*tokenizer.encode(wanted), tokenizer.eos_token_id]))
    longest = max(len(before) + len(after) for before, after in coded)
    ids = torch.full((len(rows), longest), tokenizer.pad_token_id)
    labels = torch.full((len(rows), longest), -100)
    for place, (before, after) in enumerate(coded):
        ids[place, : len(before) + len(after)] = torch.tensor(before + after)
        labels[place, len(before) : len(before) + len(after)] = torch.tensor(after)
    return ids.to(device), labels.to(device), (ids != tokenizer.pad_token_id).long().to(device)
