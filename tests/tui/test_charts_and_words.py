"""What the screens of the jobs are made of: charts, thinned curves, differences, logs, stories told in pieces."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ftworkbench.figures import duration, measure, p_value
from ftworkbench.jobs.events import Event
from ftworkbench.jobs.folder import Job
from ftworkbench.tui.telling import Telling
from ftworkbench.tui.widgets.braille import Canvas
from ftworkbench.tui.widgets.diff import marked
from ftworkbench.tui.widgets.log_view import read_end
from ftworkbench.tui.widgets.plot import Curve, draw, nice_ticks, sparkline
from ftworkbench.tui.widgets.thinned import Thinned


def text_of(lines: list) -> list[str]:
    return [line.plain for line in lines]


def test_a_chart_fills_its_frame_and_names_its_scales() -> None:
    lines = text_of(draw([Curve([(step, 3 - step / 50) for step in range(100)], "chart-1")], 60, 12, (0, 100)))
    assert len(lines) == 12
    assert {len(line) for line in lines} == {60}
    assert "3" in lines[0] + lines[1]
    assert "100" in lines[-1]
    assert any("⠢" in line or "⢄" in line or "⠉" in line for line in lines)


def test_what_is_no_number_is_left_out_of_a_chart() -> None:
    points = [(1, 2.0), (2, math.nan), (3, math.inf), (4, 1.0)]
    assert len(draw([Curve(points, "chart-1")], 60, 12, (0, 4))) == 12
    assert draw([Curve([(1, math.nan)], "chart-1")], 60, 12, (0, 4)) == []


def test_a_flat_curve_and_a_single_point_have_a_chart_too() -> None:
    assert draw([Curve([(1, 0.5), (2, 0.5)], "chart-1")], 40, 8, (0, 10))
    assert draw([Curve([(1, 0.0)], "chart-1"), Curve([(1, 0.0)], "chart-2", "●")], 40, 8, (0, 10))


def test_a_growing_curve_leaves_what_is_drawn_of_it_as_it_is() -> None:
    points = [(step, 2 + math.sin(step)) for step in range(900)]
    early = text_of(draw([Curve(points[:600], "chart-1")], 80, 16, (0, 1000)))
    late = text_of(draw([Curve(points, "chart-1")], 80, 16, (0, 1000)))
    drawn = 8 + 72 * 55 // 100
    assert [line[:drawn] for line in early] == [line[:drawn] for line in late]


def test_ticks_are_round_and_hold_the_range() -> None:
    for low, high in ((0.183, 2.74), (0, 300), (-1e-5, 2e-5), (5, 5), (0, 2e-3), (-3.2, -1.1)):
        ticks = nice_ticks(low, high, 5)
        assert 2 <= len(ticks) <= 8
        assert ticks[0] <= low + 1e-12
        assert ticks[-1] >= high - 1e-12


def test_a_curve_of_any_length_stays_small_and_keeps_its_spike() -> None:
    thinned = Thinned()
    thinned.follow(
        [(step, 1.0) for step in range(50_000)] + [(50_000, 9.0)] + [(step, 1.0) for step in range(50_001, 99_999)]
    )
    assert len(thinned.raw) < 2100
    assert (50_000, 9.0) in thinned.raw


def test_a_curve_that_went_back_is_followed_from_its_new_points() -> None:
    points = [(step, float(step)) for step in range(100)]
    thinned = Thinned()
    thinned.follow(points)
    thinned.follow([*points[:50], (50, -1.0)])
    assert max(value for _, value in thinned.raw) == 49
    assert (50, -1.0) in thinned.raw


def test_a_sparkline_has_its_width_and_ends_where_the_curve_does() -> None:
    line = sparkline([(step, step) for step in range(51)], 20, 100)
    assert len(line) == 20
    assert line.rstrip() == line[:11]
    assert line[0] in "▁▂"
    assert line[10] == "█"


def test_only_the_words_that_differ_are_marked() -> None:
    content = marked('{"queue": "billing", "urgency": "high"}', '{"queue": "returns", "urgency": "high"}')
    assert [content.plain[span.start : span.end] for span in content.spans] == ["billing"]
    assert not marked("the same", "the same").spans


def test_of_a_huge_log_only_the_end_is_read_in_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("".join(f"line {number}\n" for number in range(50_000)) + "last, not ended")
    lines, before = read_end(log, 1000)
    assert lines[-1] == "last, not ended"
    assert lines[0].startswith("line ")
    assert before == log.stat().st_size - 1000


def test_a_long_story_is_told_in_pieces_and_no_event_twice(tmp_path: Path) -> None:
    telling = Telling(Job(tmp_path))
    events = [
        Event(seq, float(seq), 1, "metric", {"step": seq, "values": {"loss": 1 / seq}}) for seq in range(1, 30_001)
    ]
    telling.take(events)
    pieces = 1
    while not telling.go_on(0.002):
        pieces += 1
    assert pieces > 3
    telling.take(events)
    assert telling.complete
    assert len(telling.story.metrics["loss"]) == 30_000


def test_figures_are_said_as_people_say_them() -> None:
    assert [measure(value) for value in (0.8123, 2104.4, 1.3e-5, 0.0, 12.34, None, math.nan)] == [
        "0.812", "2,104", "1.3e-05", "0", "12.3", "–", "–",
    ]  # fmt: skip
    assert [duration(value) for value in (4, 185, 7800, None)] == ["4s", "3m 05s", "2h 10m", "–"]
    assert p_value(3.21e-16) == "p = 3.2e-16"


@pytest.mark.parametrize(("columns", "lines"), [(40, 8), (53, 21), (7, 2)])
def test_a_dot_of_the_canvas_is_where_it_was_put(columns: int, lines: int) -> None:
    bits = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
    for x, y in [(0, 0), (1, 2), (columns, lines), (2 * columns - 1, 4 * lines - 1), (columns + 1, 2 * lines + 3)]:
        canvas = Canvas(columns, lines)
        canvas.line([(x, y)], "$chart-1")
        drawn = [line.plain.ljust(columns) for line in canvas.text()]
        assert drawn[y // 4][x // 2] == chr(0x2800 + bits[x % 2][y % 4])
        assert sum(sign != " " for line in drawn for sign in line) == 1
