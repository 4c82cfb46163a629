"""What was measured on a card corrects the next estimate for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_estimate_fit import LLAMA_3_8B, MACHINE, PACKED, PLAIN, recipe

from ftworkbench.estimate.cards import find_card
from ftworkbench.estimate.fit import Fit, estimate
from ftworkbench.estimate.measures import Measure, Measures, keep, kind_of, measures_of, read_measures, settings_of
from ftworkbench.estimate.shape import shape_of

CARD = find_card("H200", MACHINE)
LONGEST = 700


def measure(lines: str, peak: float | None, estimated: float, *, speed: float = 1.0) -> Measure:
    made = recipe(lines, CARD)
    return Measure(
        job="/w/jobs/fit-1", card="H200", model="a/b", settings=settings_of(made, LONGEST), kind=kind_of(made),
        peak_gib=peak, tokens_per_second=1000 * speed, estimated_gib=estimated, estimated_speed=1000, t=1.8e9,
    )  # fmt: skip


def fit(lines: str, *known: Measure) -> Fit:
    measures = Measures(known, LONGEST)
    return estimate(
        recipe(lines, CARD), shape_of(LLAMA_3_8B), CARD, 1000, 240, longest_tokens=LONGEST, measures=measures
    )


def test_the_same_settings_are_what_was_measured() -> None:
    plain = fit(PLAIN)
    found = fit(PLAIN, measure(PLAIN, 1.1 * plain.peak_gib, plain.peak_gib, speed=0.8))
    assert found.peak_gib == pytest.approx(1.1 * plain.peak_gib)
    assert sum(found.parts.values()) == pytest.approx(found.peak_gib)
    assert found.tokens_per_second == pytest.approx(0.8 * (plain.tokens_per_second or 0))
    assert found.source.startswith("measured on H200, ")
    assert plain.source == ""


def test_what_only_scales_the_adapter_costs_nothing_and_is_the_same_settings() -> None:
    scaled = PLAIN + "[lora]\nlora_dropout = 0.05\nlora_alpha = 64\n"
    assert fit(scaled, measure(PLAIN, 22, 20)).source.startswith("measured on H200, ")


def test_settings_of_the_same_kind_are_corrected_and_others_are_not() -> None:
    larger = PLAIN.replace("size = 4", "size = 8")
    known = measure(PLAIN, 22, 20)
    assert fit(larger, known).peak_gib == pytest.approx(1.1 * fit(larger).peak_gib)
    assert fit(larger, known).source.startswith("corrected by a measure on H200")
    assert fit(PACKED, known) == fit(PACKED)


def test_where_memory_ran_out_it_does_not_fit_whatever_the_formula_says() -> None:
    found = fit(PLAIN, measure(PLAIN, None, 17))
    assert found.fits is False
    assert found.source.endswith("memory ran out")
    assert found.changes


def test_measures_are_kept_by_card_and_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert read_measures() == []
    one = measure(PLAIN, 18, 17)
    keep([one, replace(one, card="T4"), replace(one, model="c/d")])
    (tmp_path / "ftworkbench" / "measures.jsonl").open("a").write("{cut sho")
    assert measures_of("H200", "a/b", LONGEST).known == (one,)
    assert len(read_measures()) == 3
