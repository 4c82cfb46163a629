"""The answers to held-out prompts, by step."""

from __future__ import annotations

from ftworkbench.jobs.events import Event
from ftworkbench.jobs.story import Story
from ftworkbench.tui.widgets.sample_words import sample_lines


def told(*samples: tuple[int, str, str, str]) -> Story:
    """A story of samples: step, prompt, answer, what was expected."""
    story = Story()
    story.add(
        Event(
            seq, 0.0, 1, "sample",
            {"step": step, "row": prompt, "prompt": prompt, "answer": answer, "reference": expected, "system": "tuned"},
        )
        for seq, (step, prompt, answer, expected) in enumerate(samples, 1)
    )  # fmt: skip
    return story


def text(story: Story, width: int = 70) -> list[str]:
    return [line.plain.rstrip() for line in sample_lines(story, width)]


def test_the_newest_answer_stands_first_below_the_one_that_is_expected() -> None:
    lines = text(told((100, "Where is it?", "billing", "delivery"), (200, "Where is it?", "delivery", "delivery")))
    assert lines == [
        "1 held-out prompt   as expected: 0 → 1 at step 200",
        "",
        " 1  Where is it?",
        "      expected  delivery",
        "    step 200 ✔  delivery",
        "    step 100 ·  billing",
    ]


def test_an_answer_that_stayed_the_same_stands_once_with_its_steps() -> None:
    story = told(*((step, "Hi", "hello", "good day") for step in (100, 200, 300)))
    assert "  100 to 300 ·  hello" in text(story)


def test_an_answer_without_words_says_so_and_without_a_reference_nothing_is_judged() -> None:
    lines = text(told((10, "Hi", "", "")))
    assert lines[0] == "1 held-out prompt"
    assert "(nothing)" in lines[-1]


def test_hostile_answers_are_shown_and_not_obeyed() -> None:
    story = told((1, "a\x1b]0;x\x07", "[bold]x\x1b[2J[/b]\u202e", "y" * 10_000))
    for width in (8, 20, 200):
        shown = "\n".join(text(story, width))
        assert "\x1b" not in shown
        assert "\u202e" not in shown
    assert "[bold]x" in "\n".join(text(story))


def test_a_prompt_that_is_a_chat_is_shown_by_its_last_message() -> None:
    story = Story()
    prompt = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": "Hello?"}]
    story.add([Event(1, 0.0, 1, "sample", {"step": 1, "row": "a", "prompt": prompt, "answer": "Hi"})])
    assert " 1  Hello?" in text(story)


def test_without_any_it_is_said_how_there_would_be_some() -> None:
    assert "method.samples" in " ".join(text(Story()))
