"""Two tables of labels, before and after, and the matrix of the labels that have room."""

from ftworkbench.evaluate.confusions import (
    OTHER,
    Confused,
    label_changes,
    label_count,
    label_tables,
    matrix,
    most_confused,
    no_label,
)
from ftworkbench.evaluate.metrics.labels import NO_LABEL, label_of, label_table

BEFORE = label_table([("a", "b")] * 5 + [("a", "a")] * 3 + [("b", "b")] * 4 + [("c", "?")] * 2 + [("d", "d")]).as_json()
AFTER = label_table([("a", "a")] * 8 + [("b", "c")] * 3 + [("b", "b")] + [("c", "c")] * 2 + [("d", "a")]).as_json()


def test_the_most_confused_pairs_come_first_whoever_confused_them() -> None:
    assert most_confused(BEFORE, AFTER) == [
        Confused("a", "b", 5, 0),
        Confused("b", "c", 0, 3),
        Confused("d", "a", 0, 1),
    ]
    assert (no_label(BEFORE), no_label(AFTER)) == (2, 0)
    assert most_confused(BEFORE, None)[0] == Confused("a", "b", 5, None)


def test_the_labels_that_are_worst_now_come_first() -> None:
    changes = label_changes(BEFORE, AFTER)
    assert [change.label for change in changes] == ["d", "b", "c", "a"]
    assert [change.n for change in changes] == [1, 4, 2, 8]
    assert label_changes(BEFORE, None)[0].label == "c"


def test_a_matrix_with_room_for_all_holds_every_count() -> None:
    found = matrix(BEFORE, 4)
    assert [found.names[place] for place in found.rows] == ["a", "b", "c", "d"]
    assert found.columns == (*found.rows, NO_LABEL)
    assert sum(found.counts.values()) == 15


def test_a_smaller_matrix_keeps_the_labels_that_are_confused_most_and_loses_no_row() -> None:
    found = matrix(BEFORE, 2, [BEFORE, AFTER])
    assert [found.names[place] for place in found.rows[:-1]] == ["a", "b"]
    assert found.rows[-1] == OTHER
    assert found.counts[OTHER, NO_LABEL] == 2
    assert found.counts[OTHER, OTHER] == 1
    assert sum(found.counts.values()) == 15
    beside = matrix(AFTER, 2, [BEFORE, AFTER])
    assert beside.rows == found.rows, "both systems show the same labels"


def test_systems_without_labels_are_left_out() -> None:
    found = {"systems": [{"name": "zero-shot"}, {"name": "tuned", "labels": BEFORE}]}
    assert [name for name, _ in label_tables(found)] == ["tuned"]


def test_labels_that_nobody_says_are_counted_not_shown() -> None:
    table = label_table([("a", "c"), ("b", "b")], known=["c", "d"]).as_json()
    assert label_count(table) == "2 of 4 labels"
    assert [change.label for change in label_changes(table, None)] == ["a", "b"]
    found = matrix(table, 10)
    assert [found.names[place] for place in found.rows] == ["a", "b", "c"]
    assert matrix(table, 2).left_out == 1


def test_a_label_that_is_a_number_is_the_number_however_it_is_written() -> None:
    assert label_of('{"stars": 5}', "stars") == label_of('{"stars": 5.0}', "stars") == "5"
    assert label_of('{"stars": 4.5}', "stars") == "4.5"
    assert label_of('{"spam": true}', "spam") == "true"
    assert label_of('{"spam": null}', "spam") is None
