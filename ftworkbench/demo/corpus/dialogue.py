"""What every skill makes: a dialogue, from a task that can be asked once or with examples before it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

Metric = Literal["exact_match", "json_match"]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Dialogue:
    """A chat that ends with the answer: `turns` are (role, text), the roles system, user and assistant."""

    turns: tuple[tuple[str, str], ...]
    skill: str
    metric: Metric = "exact_match"

    def as_messages(self) -> list[dict[str, str]]:
        """The turns as OpenAI chat messages."""
        return [{"role": role, "content": text} for role, text in self.turns]


@dataclass(frozen=True)
class Task:
    """An instruction, and a function that draws one (input, answer) after another under it."""

    instruction: str
    draw: Callable[[], Pair]
    skill: str
    metric: Metric = "exact_match"
    system: float = 0.6
    """How often the instruction is a system message; otherwise it leads the user's."""


INPUT_LABELS = ("Text", "Input", "Message", "Here it is", "The text", "It says", "Mail", "Note")
LEADS = (
    "Please do this: ",
    "Task: ",
    "You are a helpful assistant. ",
    "Now: ",
    "Your job: ",
    "Be exact. ",
    "Hello! ",
    "Next: ",
    "You are a careful clerk. ",
    "Instruction: ",
    "I need your help. ",
    "One thing: ",
    "Read carefully. ",
    "You help our team. ",
)
TAILS = (
    " Nothing else.",
    " No explanation.",
    " Only the answer.",
    " Thanks.",
    " Please.",
    " Be brief.",
    " Just that.",
    " Do not add anything.",
    " I need it right away.",
    " Write nothing more.",
    " Take care.",
    " That is all.",
)


def ask(rng: Random, task: Task, shots: int = 0) -> Dialogue:
    """The task's dialogue, with `shots` solved examples as earlier turns."""
    pairs = [task.draw() for _ in range(shots + 1)]
    return from_pairs(rng, task, pairs)


def from_pairs(rng: Random, task: Task, pairs: list[Pair]) -> Dialogue:
    """The dialogue that asks these inputs in this order, each answered; the last is the question proper."""
    turns: list[tuple[str, str]] = []
    instruction = task.instruction
    if instruction and rng.random() < 0.2:
        instruction = rng.choice(LEADS) + instruction
    if instruction and rng.random() < 0.2:
        instruction += rng.choice(TAILS)
    if instruction and rng.random() < task.system:
        turns.append(("system", instruction))
        instruction = ""
    frame = _frame(rng)
    every_time = rng.random() < 0.5
    for place, (text, answer) in enumerate(pairs):
        lead = instruction if place == 0 or every_time else ""
        turns.append(("user", frame(lead, text)))
        turns.append(("assistant", answer))
    return Dialogue(tuple(turns), task.skill, task.metric)


def _frame(rng: Random) -> Callable[[str, str], str]:
    style = rng.randrange(5)
    label = rng.choice(INPUT_LABELS)
    gap = rng.choice(("\n", "\n\n", " "))

    def frame(lead: str, text: str) -> str:
        if not lead:
            return text
        if style == 0:
            return f"{lead}{gap}{label}: {text}"
        if style == 1:
            return f'{lead}{gap}"{text}"'
        if style == 2:
            return f"{text}{gap if gap != ' ' else chr(10)}{lead}"
        return f"{lead}{gap}{text}"

    return frame
