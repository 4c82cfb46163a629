"""Rows that read alike come one after the other."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np

from ftworkbench.data.checks.clusters import find_clusters
from ftworkbench.data.checks.vectors import text_vectors

TOPICS = ("my parcel is late and the courier is lost", "reset the password of my account", "the screen stays black")


def texts(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.choice(TOPICS)} {draw.choice(('please', 'thanks', 'now', 'again'))} {n}" for n in range(count)]


def changes(topics: list[str]) -> int:
    return sum(one != other for one, other in pairwise(topics))


def test_in_the_order_of_clusters_topics_hardly_change() -> None:
    rows = texts(300)
    found = find_clusters(text_vectors(rows))
    order = found.order().tolist()
    assert sorted(order) == list(range(300))
    topics = [row[:8] for row in rows]
    assert changes([topics[at] for at in order]) < 10 < changes(topics) / 10


def test_the_most_typical_rows_of_a_cluster_come_first() -> None:
    found = find_clusters(text_vectors(texts(300)))
    order = found.order()
    numbers, distances = found.numbers[order], found.distances[order]
    assert (np.diff(numbers) >= 0).all()
    assert all((np.diff(distances[numbers == number]) >= 0).all() for number in set(numbers.tolist()))
    assert numbers.dtype == np.int64
    assert (distances >= 0).all()


def test_the_same_rows_get_the_same_clusters_and_the_same_texts_one_place() -> None:
    rows = [*texts(200), TOPICS[0], TOPICS[0]]
    one, two = (find_clusters(text_vectors(rows)) for _ in range(2))
    assert (one.numbers == two.numbers).all()
    assert one.numbers[200] == one.numbers[201]
    assert one.distances[200] == one.distances[201]


def test_rows_without_words_come_last_and_few_rows_are_one_cluster() -> None:
    found = find_clusters(text_vectors(["?!", *texts(60), ""]))
    assert set(found.order()[-2:].tolist()) == {0, 61}
    assert set(find_clusters(text_vectors(texts(3))).numbers.tolist()) == {0}
    assert len(find_clusters(text_vectors([])).order()) == 0
    assert find_clusters(text_vectors(["", ""])).numbers.tolist() == [0, 0]
    assert set(find_clusters(text_vectors(["the same"] * 40)).numbers.tolist()) <= set(range(5))
