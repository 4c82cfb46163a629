"""Small workspaces, and the workbench opened on one, for tests of the screens."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from ftworkbench.tui.app import Workbench
from ftworkbench.workspace import Workspace

RECIPE = """\
# How support tickets are routed.
[model]
model_id = "tiny"

[lora]
r = 16  # rank

[train]
num_train_epochs = 3.0
learning_rate = 2e-4
max_length = 512

[data]
train = "train.jsonl"
test = "test.jsonl"
label = "queue"

[prompt]
system = "Route the ticket. Answer in JSON."

[launch]
device = "cpu"
threads = 2
"""

TICKETS = [
    ("Where is my parcel? It should have been here on Monday.", "delivery", "normal"),
    ("I was charged twice for the same order.", "billing", "high"),
    ("How do I change my address?", "account", "low"),
    ("The app closes when I open the basket.", "technical", "high"),
    ("I want to send the blue jacket back, it is too small.", "returns", "normal"),
    ("Refund not received after 3 weeks.", "billing", "high"),
]


def chat(user: str, answer: str) -> str:
    """A row of a chat file."""
    messages = [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages})


def ticket_rows(count: int) -> list[str]:
    """Different tickets, each with its answer in JSON."""
    rows = []
    for number in range(count):
        text, queue, urgency = TICKETS[number % len(TICKETS)]
        rows.append(chat(f"{text} Order {number + 1}.", json.dumps({"queue": queue, "urgency": urgency})))
    return rows


def make_workspace(folder: Path, rows: list[str] | None = None) -> Path:
    """A workspace with a recipe, forty tickets to train on and six to test; gives the recipe's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_text("\n".join(ticket_rows(40) if rows is None else rows) + "\n")
    (folder / "test.jsonl").write_text("\n".join(ticket_rows(46)[40:]) + "\n")
    model = folder / "tiny"
    model.mkdir(exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512,
        "max_position_embeddings": 512, "tie_word_embeddings": True,
    }  # fmt: skip
    (model / "config.json").write_text(json.dumps(config))
    recipe = folder / "triage.toml"
    recipe.write_text(RECIPE)
    return recipe


@asynccontextmanager
async def opened(
    recipe: Path | None, *, start: str = "data", size: tuple[int, int] = (120, 40), root: Path | None = None
) -> AsyncIterator[tuple[Workbench, Pilot[None]]]:
    """The workbench on a recipe's workspace, once everything that it starts with is there."""
    folder = recipe.parent if recipe is not None else root
    assert folder is not None
    app = Workbench(Workspace(folder), recipe, start=start)
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(app, pilot)
        yield app, pilot


async def settle(app: Workbench, pilot: Pilot[None]) -> None:
    """Waits until nothing is being launched and the rows are counted; the watch of the jobs goes on for ever."""
    for _ in range(1000):
        await pilot.pause(0.02)
        busy = [worker for worker in app.workers if worker.group != "watch" and not worker.is_finished]
        if not busy and not app._busy:
            break
    await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits until something holds, and fails when it never does."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        await pilot.pause(0.02)


async def ready(app: App[None], pilot: Pilot[None]) -> None:
    """Waits until the Compare screen has read the rows of the made jobs."""
    await until(pilot, lambda: "validation row 1 of 8" in shown(app), 10)


def shown(app: App[None]) -> str:
    """What stands on the screen, as text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())
