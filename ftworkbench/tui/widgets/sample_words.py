"""What a model answers to held-out prompts while it is trained: by prompt, the newest answer first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from ftworkbench.figures import count
from ftworkbench.printable import one_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.lines_view import wrapped

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Sample, Story

_LONGEST_PROMPT, _LONGEST_ANSWER = 400, 1200
_GUTTER = 16
_MOST_ANSWERS = 12  # of a prompt: more are not read, and each is compared with what is expected
_STEPS_SHOWN = 6  # of how many evaluations the first line says how many answers were right
_NONE = (
    "No answer was taken yet. At each evaluation the model answers a few held-out prompts, if the recipe has any: "
    "method.samples says how many."
)


def sample_lines(story: Story, width: int) -> list[Content]:
    """Each prompt with the answer that is expected, and the answers by step."""
    by_row: dict[str, list[Sample]] = {}
    for sample in story.samples:
        by_row.setdefault(sample.row or prompt_text(sample.prompt), []).append(sample)
    if not by_row:
        return wrapped(Content.styled(_NONE, "$text-muted"), width)
    lines = [_summary(story.samples, len(by_row)).truncate(width, ellipsis=True)]
    for number, samples in enumerate(by_row.values(), 1):
        lines += [Content(""), *_prompt(number, samples, width)]
    return lines


def prompt_text(prompt: Any) -> str:
    """The prompt as a text: of a chat its last message."""
    if isinstance(prompt, list) and prompt:
        prompt = prompt[-1]
    if isinstance(prompt, dict):
        prompt = prompt.get("content") or ""
    return str(prompt)


def _is_right(sample: Sample) -> bool:
    return bool(sample.reference) and sample.answer.strip() == sample.reference.strip()


def _summary(samples: Sequence[Sample], prompts: int) -> Content:
    words = Content.styled(count(prompts, "held-out prompt"), "bold")
    by_step: dict[int, list[bool]] = {}
    for sample in samples:
        if sample.reference:
            by_step.setdefault(sample.step, []).append(_is_right(sample))
    if not by_step:
        return words
    told = [str(sum(right)) for right in list(by_step.values())[-_STEPS_SHOWN:]]
    latest = max(by_step)
    return Content.assemble(
        words,
        ("   as expected: ", "$text-muted"),
        ("".join(f"{each} → " for each in told[:-1]), "$text-muted"),
        (told[-1], "bold"),
        (f" at step {latest:,}", "$text-muted"),
    )


def _prompt(number: int, samples: Sequence[Sample], width: int) -> list[Content]:
    first, reference = samples[0], samples[-1].reference
    text = shown(one_line(prompt_text(first.prompt), _LONGEST_PROMPT), "bold")
    lines = wrapped(text, width, Content.styled(f"{number:>2}", "$primary"), gutter=4)[:4]
    if reference:
        expected = shown(reference[:_LONGEST_ANSWER])
        lines += wrapped(expected, width, Content.styled(f"{'expected':>{_GUTTER - 2}}", "$text-muted"), gutter=_GUTTER)
    answers = _answers(samples)
    for steps, sample in answers[:_MOST_ANSWERS]:
        right = _is_right(sample)
        sign, style = ("✔", "$success") if right else ("·", "$warning") if reference else (" ", "")
        answer = sample.answer[:_LONGEST_ANSWER]
        said = marked(answer, reference) if reference and not right else shown(answer)
        label = Content.assemble((f"{steps:>{_GUTTER - 4}} ", "$text-muted"), (sign, style), " ")
        lines += wrapped(said if answer.strip() else Content.styled("(nothing)", "$text-muted"), width, label, _GUTTER)
    if len(answers) > _MOST_ANSWERS:
        earlier = f"{len(answers) - _MOST_ANSWERS:,} earlier answers"
        lines += wrapped(Content.styled(earlier, "$text-muted"), width, Content(""), _GUTTER)
    return lines


def _answers(samples: Sequence[Sample]) -> list[tuple[str, Sample]]:
    """The answers, the newest first; one that stayed the same has its first and its last step."""
    found: list[tuple[int, int, Sample]] = []
    for sample in samples:
        if found and found[-1][2].answer == sample.answer:
            found[-1] = (found[-1][0], sample.step, sample)
        else:
            found.append((sample.step, sample.step, sample))
    return [
        (f"step {last:,}" if first == last else f"{first:,} to {last:,}", sample) for first, last, sample in found[::-1]
    ]
