"""Base, adapter and merged beside each other: ratios in pairs, their intervals, and how they are told."""

import math
import random
from statistics import median

import pytest

from ftworkbench.commands.measured import conclusion_lines
from ftworkbench.evaluate.outputs import Output
from ftworkbench.evaluate.serving import (
    Served,
    Timed,
    median_interval,
    serving_json,
    serving_notes,
    serving_short,
    serving_title,
)
from ftworkbench.evaluate.statistics import expanded_confidence
from ftworkbench.evaluate.time_and_cost import Answered, Way, latency_entry, served_latency
from ftworkbench.tui.widgets.card_words import card_lines
from ftworkbench.tui.widgets.detail_words import detail_lines, has_details

TOKENS = 11
BASE = tuple(Timed(0.05 * slow, 0.01 * slow) for slow in (1.0, 1.5, 0.9, 2.0, 1.2, 1.1))


def _slower(times: float) -> tuple[Timed, ...]:
    return tuple(Timed(each.first * 2, times * each.token) for each in BASE)


def _found(peaks: bool = True) -> dict[str, object]:
    systems = [
        Served("base", BASE, 15.0 if peaks else None),
        Served("adapter", _slower(1.031), 15.2 if peaks else None),
        Served("merged", _slower(1.0), 15.0 if peaks else None, "in bfloat16"),
    ]
    return serving_json(systems, TOKENS, "a card", {}, 3.21)


def test_a_machine_that_drifts_leaves_the_ratios_alone_because_they_are_taken_prompt_by_prompt() -> None:
    base, adapter, merged = _found()["systems"]
    assert adapter["token_ratio"]["value"] == pytest.approx(1.031)
    assert adapter["token_ratio"]["interval"] == pytest.approx([1.031, 1.031])
    assert merged["token_ratio"]["interval"] == pytest.approx([1.0, 1.0])
    assert adapter["first_token_ratio"]["value"] == pytest.approx(2.0)
    assert base["tokens_per_second"]["value"] == pytest.approx(median(1 / each.token for each in BASE))
    assert base["tokens_per_second"]["interval"][0] < base["tokens_per_second"]["interval"][1]
    assert "token_ratio" not in base


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    draw = random.Random(3)
    values = [draw.gauss(1.03, 0.02) for _ in range(15)]
    medians = sorted(median(draw.choices(values, k=15)) for _ in range(40_000))
    tail = (1 - expanded_confidence(0.95, 15)) / 2
    low, high = median_interval(values)
    assert low == pytest.approx(medians[round(tail * 40_000)], abs=0.003)
    assert high == pytest.approx(medians[round((1 - tail) * 40_000) - 1], abs=0.003)


def test_the_card_has_a_line_of_it_and_the_details_and_the_command_line_a_table() -> None:
    serving = _found()
    found = {"n": 100, "card": {"latency": {"short": "0.1 s"}, "cost": {"short": "9"}}, "serving": serving}
    assert serving_short(serving) == ["adapter +3.1% a token [+3.1, +3.1]", "merged +0.0% a token [+0.0, +0.0]"]
    lines = [line.plain for line in card_lines(found, 52)]
    assert [line.split()[0] for line in lines] == ["latency", "serving", "merged", "cost"]
    assert lines[1].split()[1:3] == ["adapter", "+3.1%"]
    assert lines[2].endswith("n = 6"), "once: it is that of both"
    assert has_details(found)
    drawn = "\n".join(line.plain for line in detail_lines(found, 120))
    printed = "\n".join(conclusion_lines(found | {"card": {}}))
    for text in (drawn, printed):
        assert "+3.1% [+3.1, +3.1]" in text
        assert "15.2" in text
        assert "merged: in bfloat16" in text
        assert "the same 6 prompts to each, 11 tokens each, on a card" in text
    assert max(line.cell_length for line in detail_lines(found, 60)) <= 60


def test_the_time_of_a_whole_answer_is_that_to_its_first_token_and_of_each_after_it() -> None:
    every = {"base": (0.1, 0.01), "adapter": (0.1, 0.02), "merged": (0.1, 0.01), "prompted": (0.4, 0.01)}
    systems = [Served(name, [Timed(first, token)] * 6) for name, (first, token) in every.items()]
    serving = serving_json(systems, TOKENS, "a card", {}, 1.0)
    batch = [Output("r", (), "a", "a", tokens=11, seconds=0.01)]
    longer = [Output("r", (), "a", "a", tokens=21, seconds=0.03)]
    way = Way(32, "a card", "here")
    served = served_latency(latency_entry(Answered(batch, way), Answered(longer, way)), serving)
    found = served["figures"]["serving"]
    assert [round(found[name]["seconds"], 6) for name in ("adapter", "merged", "prompted")] == [0.3, 0.2, 0.6]
    assert (served["short"], served["n"]) == ("0.300 s an answer, prompted 0.600", 6)
    assert served["words"] == (
        "0.300 s an answer, one at a time (merged 0.200), prompted 0.600; "
        "first token after 0.100 s, prompted 0.400; 11.0 tokens, prompted 21.0; on a card"
    )
    assert served["figures"]["tuned"]["seconds"] == 0.01, "what was measured many at once stays"
    assert [line.split()[0] for line in serving_short(serving)] == ["adapter", "merged"]
    assert "the same 6 rows to each, prompted by its own prompts" in serving_title(serving)


def test_an_interval_too_wide_to_tell_what_lora_is_said_to_add_says_how_many_rows_would_do() -> None:
    base = [Timed(0.1, 0.01)] * 6
    unsteady = [Timed(0.1, 0.01 * times) for times in (1.0, 1.02, 1.04, 1.06, 1.08, 1.1)]
    systems = [Served("base", base), Served("adapter", unsteady), Served("merged", base)]
    serving = serving_json(systems, TOKENS, "a card", {}, 1.0)
    low, high = serving["systems"][1]["token_ratio"]["interval"]
    needed = math.ceil(6 * ((high - low) / 0.05) ** 2)
    (note,) = [each for each in serving_notes(serving) if "wide" in each]
    assert note.startswith("adapter: more than 5 points wide")
    assert needed > 6
    assert f"about {needed} rows would" in note, "half as wide takes four times as many"
    steady = serving_json([Served("base", base), Served("adapter", base)], TOKENS, "a card", {}, 1.0)
    assert not any("wide" in each for each in serving_notes(steady))


def test_what_could_not_be_measured_is_said() -> None:
    systems = [Served("base", BASE), Served("adapter", _slower(1.1))]
    serving = serving_json(systems, TOKENS, "2 CPU threads", {"merged": "no room"}, 1.0)
    printed = "\n".join(conclusion_lines({"serving": serving}))
    assert "merged was not measured: no room" in printed
    assert "memory: told on a GPU only" in printed


def test_an_evaluation_without_it_says_nothing_of_it() -> None:
    assert conclusion_lines({}) == []
    assert not has_details({"systems": []})
