import math

import pytest

from ftworkbench.jobs.curve import decimate, smooth


def test_no_spike_is_lost_and_no_column_has_more_than_two_points() -> None:
    points = [(float(x), math.sin(x / 50)) for x in range(20_000)]
    points[12_345] = (12_345.0, 99.0)
    points[6_789] = (6_789.0, -99.0)
    drawn = decimate(points, 100)
    assert len(drawn) <= 200
    assert (12_345.0, 99.0) in drawn
    assert (6_789.0, -99.0) in drawn
    assert drawn == sorted(drawn)
    assert set(drawn) <= set(points)


def test_columns_divide_the_steps_evenly_where_points_are_not() -> None:
    points = [(float(x), 0.0) for x in range(1_000)] + [(1_000_000.0, 1.0)]
    assert decimate(points, 10) == [(0.0, 0.0), (1_000_000.0, 1.0)]


def test_what_is_not_finite_never_reaches_a_plot() -> None:
    points = [(0.0, 1.0), (1.0, math.nan), (2.0, math.inf), (3.0, 2.0)]
    assert decimate(points, 80) == [(0.0, 1.0), (3.0, 2.0)]
    assert smooth(points, 0.0) == [(0.0, 1.0), (3.0, 2.0)]


def test_few_points_equal_steps_and_none_at_all_are_drawn_as_they_are() -> None:
    assert decimate([(1.0, 5.0), (2.0, 4.0)], 1) == [(1.0, 5.0), (2.0, 4.0)]
    assert decimate([(1.0, float(y)) for y in range(9)], 2) == [(1.0, 0.0), (1.0, 8.0)]
    assert decimate([], 80) == []


def test_smoothing_is_tensorboards() -> None:
    # By hand: averages 0.4, 1.04, 2.224 over 1 - 0.6^n = 0.4, 0.64, 0.784.
    smoothed = smooth([(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)], 0.6)
    assert [y for _, y in smoothed] == pytest.approx([1.0, 1.04 / 0.64, 2.224 / 0.784])


def test_a_constant_stays_itself_however_strongly_it_is_smoothed() -> None:
    assert [y for _, y in smooth([(float(x), 3.0) for x in range(50)], 0.99)] == pytest.approx([3.0] * 50)


@pytest.mark.parametrize("weight", [-0.1, 1.0, 2.0])
def test_a_weight_out_of_bounds_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        smooth([(0.0, 1.0)], weight)
