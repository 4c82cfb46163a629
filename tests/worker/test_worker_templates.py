"""What is shown and trained is what TRL itself would train on, under every chat template that it knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from families import by_trl, families, family_template

import ftworkbench.demo
from ftworkbench.data.example import Example
from ftworkbench.data.formats.format import Format, read_example
from ftworkbench.worker.dropped import TOOLS, left_out
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.tokens import Encoded, conversation, encode, encode_all

FAMILIES = families()
# Of models that see: their templates take content in parts, and drop or refuse plain text.
PARTS_ONLY = {"idefics3", "llava_next", "smolvlm"}
CARRY_TOOLS = [name for name in FAMILIES if name.startswith(("glm", "gptoss", "lfm2_", "muse", "nemotron"))] + [
    name for name in FAMILIES if name.startswith("qwen") and name != "qwen2_5_vl"
]
REFUSE_TOOL_TURNS = {"cohere", "cohere2", "gemma", "gemma3"}

DEMO = Path(ftworkbench.demo.__file__).parent / "triage" / "train.jsonl"
SYSTEM = "You route support tickets. Answer in JSON."


def _said(*turns: str, system: str | None = None) -> Example:
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(turns)]
    return Example(tuple([{"role": "system", "content": system}, *messages] if system is not None else messages))


TALKS = [
    _said("Hi", "Hello!"),
    _said("Grüße aus Köln, 你好", "Grüß dich! 🙂", "und jetzt?", "👩‍👩‍👧 e\u0301 🙂🙂", system="Sei nett. 🙂"),
    _said("\n\n  x\t", "  spaces at both ends  ", "and <b>now</b>?\n\n", "\n1\n\n\n2\n", system="  \nKeep\tthis.\n"),
    _said("One", "two", "three", "four", "five", "six", "seven", "eight"),
    _said("What is {{ 1 + 1 }}?", '{"sum": 2, "how": "{% raw %}"}'),
    _said("Why?", "<think>\nBecause of\n</think>\n\nBecause.", "Sure?", "<think>\nHm.\n</think>\n\nYes."),
    _said("<|im_end|> and </s> and <end_of_turn> <|end|>", "are only words here: <|eot_id|>"),
]


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"from": "function_call", "value": json.dumps({"name": name, "arguments": arguments})}


def _tool_rows() -> list[Example]:
    """Rows as ShareGPT writes tools: calls and what came back as turns, the tools as a string."""
    human = {"from": "human", "value": "How warm is it in Köln?"}
    came_back = {"from": "observation", "value": '{"degrees": 21, "sky": "clear – \\"blue\\""}'}
    answer = {"from": "gpt", "value": "It is 21 degrees."}
    weather = {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    }
    rows: list[list[dict[str, str]]] = [
        [human, _call("get_weather", city="Köln", days=2), came_back, answer],
        [human, answer, human, _call("get_weather", city="Bonn"), came_back, answer, human, answer],
        [human, _call("get_time"), {"from": "observation", "value": "21"}, answer],
        [
            human,
            *(_call("get_weather", city="A"), came_back),
            *(_call("get_weather", city="B", days=1), {**came_back, "value": "rain 🙂"}),
            answer,
        ],
    ]
    form = Format("sharegpt")
    return [read_example({"conversations": turns, "tools": json.dumps([weather])}, form) for turns in rows]


TOOL_ROWS = _tool_rows()


def _encoded(template: Template, examples: Sequence[Example], length: int | None = None) -> dict[int, Encoded]:
    """What can be rendered, by its place."""
    found = encode_all(examples, template, None, length)
    return {place: each for place, each in enumerate(found) if not isinstance(each, RenderError)}


def _named(template: Template, example: Example, found: Encoded) -> list[str]:
    return left_out(template, conversation(example, None), found.text, example.tools)


def _assert_as_trl(family: str, examples: Sequence[Example], length: int | None = None) -> dict[int, Encoded]:
    """Ours equals TRL's, token for token and label for label; gives what could be rendered.

    But for one thing: of a character in several tokens at the very end of a span TRL trains the first token alone.
    """
    template = family_template(family)
    ours = _encoded(template, examples, length)
    theirs = by_trl(template, [examples[place] for place in ours], length)
    kept = [each for each in ours.values() if any(label >= 0 for label in each.labels)]
    assert len(kept) == len(theirs)
    for mine, (ids, labels) in zip(kept, theirs.values(), strict=True):
        assert mine.input_ids == ids
        differing = [place for place, (one, other) in enumerate(zip(mine.labels, labels, strict=True)) if one != other]
        rest = [place for place in differing if not mine.pieces[place].text and not mine.pieces[place].special]
        assert differing == rest, mine.text
        assert all(mine.pieces[place].state == mine.pieces[place - 1].state == "trained" for place in differing)
        assert not differing or family == "diffusion_gemma"  # no other one ends a span before its end token
    return ours


def _demo_rows() -> list[Example]:
    lines = DEMO.read_text(encoding="utf-8").splitlines()[::30]
    rows = [json.loads(line)["messages"] for line in lines]
    rows = [row for row in rows if isinstance(row, list) and len(row) == 2 and all(turn["content"] for turn in row)]
    assert len(rows) >= 15
    system = {"role": "system", "content": SYSTEM}
    return [Example(tuple(row if place % 2 else [system, *row])) for place, row in enumerate(rows)]


def test_trl_ships_the_families_that_these_tests_speak_of() -> None:
    assert {"llama3", "qwen2_5", "qwen3", "gemma3", "phi3", "glm4moe"} <= set(FAMILIES)
    assert {*PARTS_ONLY, *REFUSE_TOOL_TURNS} < set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_chats_are_labelled_as_trl_labels_them(family: str) -> None:
    examples = [*_demo_rows(), *TALKS]
    ours = _assert_as_trl(family, examples)
    template = family_template(family)
    for place, found in ours.items():
        if family in PARTS_ONLY:
            assert _named(template, examples[place], found)
        elif "<think>" not in found.text and "think" not in str(examples[place].messages):
            assert not _named(template, examples[place], found)
    assert family in PARTS_ONLY or len(ours) == len(examples)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_cut_off_is_cut_as_trl_cuts_it(family: str) -> None:
    examples = [*_demo_rows(), *TALKS]
    for length in (48, 90):
        _assert_as_trl(family, examples, length)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tool_row_is_labelled_as_trl_labels_it_or_named(family: str) -> None:
    ours = _assert_as_trl(family, TOOL_ROWS)
    template = family_template(family)
    if family in REFUSE_TOOL_TURNS:
        assert not ours
    if family in CARRY_TOOLS:
        assert len(ours) == len(TOOL_ROWS)
    for place, found in ours.items():
        named = _named(template, TOOL_ROWS[place], found)
        if family in CARRY_TOOLS:
            assert not named
        if not ("get_" in found.text and "degrees" in found.text):
            assert named


def test_calls_and_turns_that_a_template_drops_are_named_even_where_their_words_stand_elsewhere() -> None:
    dropped = {"llama3": {"assistant", TOOLS}, "phi3": {"assistant", "tool", TOOLS}, "lfm2": {"assistant"}}
    for family, roles in dropped.items():
        template = family_template(family)
        for example in TOOL_ROWS:
            assert set(_named(template, example, encode(example, template))) == roles


def test_a_template_that_alternates_turns_refuses_tool_rows_and_says_so() -> None:
    with pytest.raises(RenderError, match="roles must alternate"):
        encode(TOOL_ROWS[0], family_template("gemma3"))


@pytest.mark.parametrize("family", [name for name in FAMILIES if name not in PARTS_ONLY])
def test_a_turn_of_weight_0_is_not_trained_under_any_template(family: str) -> None:
    template = family_template(family)
    whole = encode(_said("One", "zwei", "three", "vier", "five", "sechs"), template)
    for skipped in (1, 3, 5):
        messages = [dict(message) for message in _said("One", "zwei", "three", "vier", "five", "sechs").messages]
        messages[skipped]["weight"] = 0
        found = encode(Example(tuple(messages)), template)
        trained = "".join(piece.text for piece in found.pieces if piece.state == "trained")
        assert found.input_ids == whole.input_ids
        assert [word for word in ("zwei", "vier", "sechs") if word not in trained] == [messages[skipped]["content"]]


def test_all_is_trained_by_the_models_own_template_where_answers_are_not_all_that_counts() -> None:
    template = family_template("qwen3")
    own = template.tokenizer.apply_chat_template(list(TALKS[5].messages), tokenize=False)
    found = encode(TALKS[5], template, answers_only=False)
    assert found.text == own
    assert found.labels == found.input_ids
