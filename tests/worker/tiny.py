"""A tiny random model, a small workspace around it, and jobs done in this very process."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftworkbench.data.splits.split import freeze, load_parts
from ftworkbench.jobs.create import create_job
from ftworkbench.jobs.events import Event, read_events
from ftworkbench.jobs.folder import Job
from ftworkbench.jobs.rows import ROWS, read_rows
from ftworkbench.machine import Machine
from ftworkbench.recipe.read import parse
from ftworkbench.recipe.resolve import resolve
from ftworkbench.recipe.tables import Recipe
from ftworkbench.recipe.write import dumps
from ftworkbench.worker.__main__ import do_job
from ftworkbench.worker.models import load_tokenizer
from ftworkbench.worker.rows import tuned_system
from ftworkbench.worker.template import open_template
from ftworkbench.worker.tokens import Encoded, encode
from ftworkbench.workspace import Workspace

TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{%- if message['role'] == 'assistant' -%}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{%- else -%}{{ message['content'] + '<|im_end|>\n' }}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"
)
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|pad|>"]
THINGS = {
    "red": ["tomato", "cherry", "ruby", "brick", "rose"],
    "green": ["grass", "lime", "emerald", "leaf", "moss"],
    "blue": ["sky", "sea", "sapphire", "jeans", "ice"],
}
RECIPE = """
[model]
model_id = "{model}"
[data]
train = "train.jsonl"
validation_fraction = 0.2
test_fraction = 0.3
[prompt]
system = "Name the colour."
few_shot = [0, 3]
[lora]
r = 8
lora_alpha = 16
lora_dropout = 0.1
[train]
num_train_epochs = 2.0
per_device_train_batch_size = 4
gradient_accumulation_steps = 2
learning_rate = 3e-2
max_length = 128
save_strategy = "steps"
save_steps = 3
[evaluate]
max_new_tokens = 8
regression = ["skills.jsonl"]
serving_rows = 0
[launch]
device = "cpu"
threads = 1
"""

TWO_CORES = Machine(2, 8 * 2**30)


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    text = [row["messages"][0]["content"] for row in rows(200)] + list(THINGS) * 500
    trainer = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator(text, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|pad|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(folder: Path) -> Path:
    """A Llama 64 wide, 2 layers deep, its weights at random, in the usual files."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    model.model.embed_tokens.weight.data *= 10  # so that an adapter can move the logits
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    found = []
    for index in range(count):
        colour = draw.choice(list(THINGS))
        thing = draw.choice(THINGS[colour])
        asked = draw.choice(["What colour has the {}", "The {}, what colour", "Tell me about my {}"]).format(thing)
        # A number of its own makes every row another one, near-duplicates included.
        words = " ".join(draw.choice(["old", "new", "big", "tiny", "wet", "dry", "odd"]) for _ in range(4))
        found.append(chat(f"{asked} of {words} number {index}?", colour))
    return found


def chat(question: str, answer: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def write_rows(path: Path, found: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in found), encoding="utf-8")


def make_workspace(folder: Path, model: Path, count: int = 60, **overrides: Any) -> tuple[Workspace, Recipe]:
    """A workspace with rows, a regression suite, a recipe and its frozen split."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "train.jsonl", rows(count))
    write_rows(folder / "skills.jsonl", [chat(f"Say {word}.", word) for word in ("yes", "no", "tomato", "sea")])
    workspace = Workspace(folder)
    recipe = make_recipe(model, **overrides)
    freeze(workspace, recipe.name, recipe.data)
    return workspace, recipe


def make_recipe(model: Path | str, machine: Machine = TWO_CORES, **overrides: Any) -> Recipe:
    """The recipe with `train__learning_rate=0.1` and the like set, resolved for a machine, two cores unless said."""
    from ftworkbench.recipe.write import set_option

    text = RECIPE.replace("{model}", str(model))
    for key, value in overrides.items():
        text = set_option(text, key.replace("__", ".", 1), value)
    return resolve(parse(text, "colours"), machine)[0]


def new_job(
    workspace: Workspace, kind: str, recipe: Recipe, hashes: Mapping[str, str] | None = None, **args: Any
) -> Job:
    manifest = {"recipe": recipe.name, "args": args, "hashes": dict(hashes or {})}
    return create_job(workspace, kind, dumps(recipe), manifest)


def run_job(workspace: Workspace, kind: str, recipe: Recipe, **args: Any) -> Job:
    """A job done in this process, whatever became of it."""
    job = new_job(workspace, kind, recipe, **args)
    do_job(job)
    return job


def events(job: Job, kind: str | None = None) -> list[Event]:
    return [event for event in read_events(job.events)[0] if kind is None or event.kind == kind]


def losses(job: Job) -> dict[int, float]:
    """The training loss by step; of a step done twice, the last."""
    return {
        event.fields["step"]: event.fields["values"]["loss"]
        for event in events(job, "metric")
        if "loss" in event.fields["values"]
    }


def notices(job: Job) -> dict[str, str]:
    return {event.fields["code"]: event.fields["text"] for event in events(job, "notice")}


def encoded_rows(workspace: Workspace, recipe: Recipe) -> dict[str, Encoded]:
    """The training rows as they are trained, by their keys."""
    tokenizer = load_tokenizer(recipe, workspace)
    template = open_template(tokenizer, frozenset({tokenizer.eos_token_id}), "tiny")
    parts = load_parts(workspace, recipe.name, recipe.data)
    return {each.key: encode(each, template, tuned_system(recipe), 128) for each in parts.train}


def loss_of(model: Any, each: Encoded) -> float:
    """The loss of a row by the model's own forward pass."""
    import torch

    with torch.no_grad():
        found = model(input_ids=torch.tensor([each.input_ids]), labels=torch.tensor([each.labels]))
    return float(found.loss)


def row_lines(job: Job) -> list[dict[str, Any]]:
    """What a training job wrote about its rows."""
    return list(read_rows(job.outputs / ROWS))
