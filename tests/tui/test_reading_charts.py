"""A chart is read: where the cursor stands, what of the curve is seen, where it jumps."""

from __future__ import annotations

import random

from ftworkbench.tui.reading import Reading, next_spike
from ftworkbench.tui.widgets.plot import Curve, draw
from ftworkbench.tui.widgets.thinned import Thinned

POINTS = [(step, 1 / step) for step in range(10, 1001, 10)]
WHOLE = (0.0, 1000.0)


def test_the_cursor_stands_at_the_last_point_and_goes_on_with_it_until_it_is_moved() -> None:
    reading = Reading()
    assert reading.place(POINTS) == 99
    assert reading.place([*POINTS, (1010, 0.1)]) == 100
    moved = reading.at(POINTS, 98, WHOLE)
    assert moved.cursor == 990
    assert moved.place([*POINTS, (1010, 0.1)]) == 98


def test_the_cursor_stays_at_its_step_when_the_points_are_others() -> None:
    reading = Reading(cursor=500)
    assert reading.place([(step, 1.0) for step in range(0, 1000, 7)]) == 71  # step 497
    assert reading.place(POINTS[:5]) == 4
    assert reading.place([]) == -1


def test_zooming_in_keeps_the_cursor_where_it_is_on_the_screen_and_out_again_shows_all() -> None:
    reading = Reading(cursor=250).zoomed(0.5, POINTS, WHOLE)
    assert reading.span == (125.0, 625.0)
    closer = reading.zoomed(0.5, POINTS, WHOLE)
    assert closer.span == (187.5, 437.5)
    assert closer.zoomed(2, POINTS, WHOLE).zoomed(2, POINTS, WHOLE).span is None


def test_what_is_seen_goes_along_with_the_cursor_and_never_beyond_the_ends() -> None:
    reading = Reading(cursor=900).zoomed(0.25, POINTS, WHOLE)
    assert reading.span is not None
    at_end = reading.at(POINTS, 99, WHOLE)
    assert at_end.span == (750.0, 1000.0)
    at_start = reading.at(POINTS, 0, WHOLE)
    assert at_start.span == (0.0, 250.0)


def test_zooming_stops_at_a_few_steps() -> None:
    reading = Reading(cursor=500)
    for _ in range(30):
        reading = reading.zoomed(0.5, POINTS, WHOLE)
    assert reading.span is not None
    assert reading.span[1] - reading.span[0] == 8


def test_spikes_are_found_on_both_sides_and_noise_is_none() -> None:
    draw_from = random.Random(5)
    points = [(step, 2 - step / 1000 + draw_from.gauss(0, 0.05)) for step in range(1000)]
    points[300], points[700] = (300, 4.0), (700, 3.5)
    thinned = Thinned()
    thinned.follow(points)
    assert next_spike(points, thinned.raw, 100, True) == 300
    assert next_spike(points, thinned.raw, 300, True) == 700
    assert next_spike(points, thinned.raw, 700, True) is None
    assert next_spike(points, thinned.raw, 700, False) == 300
    assert next_spike(points, thinned.raw, 300, False) is None


def test_a_part_of_a_long_curve_has_every_point_where_they_are_few() -> None:
    points = [(step, float(step % 7)) for step in range(100_000)]
    thinned = Thinned()
    thinned.follow(points)
    raw, smoothed = thinned.between(50_000, 50_100)
    assert [x for x, _ in raw] == list(range(49_999, 50_102))
    assert [x for x, _ in smoothed] == [x for x, _ in raw]
    assert len(thinned.between(0, 100_000)[0]) < 1100


def test_a_line_that_leaves_the_part_that_is_seen_goes_on_to_its_edge() -> None:
    lines = [line.plain for line in draw([Curve([(0, 0.0), (50, 1.0), (100, 0.0)], "chart-1")], 47, 12, (40, 60))]
    assert all(line[7] != " " or line[-1] == " " for line in lines[:10])
    assert sum(any(cell > "\u2800" for cell in line) for line in lines) >= 2


def test_the_cursor_is_an_upright_line_with_a_sign_on_its_point() -> None:
    lines = [line.plain for line in draw([Curve(POINTS, "chart-1")], 60, 12, WHOLE, (500, 1 / 500))]
    columns = {line.index("◉") for line in lines if "◉" in line}
    assert len(columns) == 1
    (column,) = columns
    assert sum(line[column] in "│◉" for line in lines[:10]) >= 9


def test_curves_over_each_other_have_signs_of_their_own() -> None:
    curves = [
        Curve([(step, step * slope) for step in range(100)], "chart-1", sign, 16)
        for slope, sign in ((1, "●"), (2, "▲"))
    ]
    text = "\n".join(line.plain for line in draw(curves, 80, 20, (0, 99)))
    assert text.count("●") >= 3
    assert text.count("▲") >= 3


def test_a_terminal_that_is_too_small_has_no_chart_and_no_error() -> None:
    for width in range(0, 20):
        for height in range(0, 8):
            draw([Curve(POINTS, "chart-1", "●")], width, height, WHOLE, (500, 0.1))
