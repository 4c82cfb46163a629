"""What was reviewed of a file, and what the rows that were drawn at random say about all of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ftworkbench.data.review.coverage import Reviewed, Sample, by_label, by_tag, random_place, sample, upper_bound
from ftworkbench.data.review.ledger import Ledger

KEYS = [f"{number * 2**50 + 7:016x}" for number in range(200)]
EDIT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "ledger.jsonl")


@pytest.mark.parametrize(
    ("bad", "n", "bound"),
    [(0, 1, 0.95), (0, 60, 1 - 0.05 ** (1 / 60)), (0, 300, 0.0099361), (1, 10, 0.394163), (2, 60, 0.101236),
     (5, 100, 0.102253), (10, 10, 1.0), (0, 0, 1.0)],
)  # fmt: skip
def test_the_bound_is_that_of_clopper_and_pearson(bad: int, n: int, bound: float) -> None:
    assert upper_bound(bad, n) == pytest.approx(bound, rel=1e-5)


def test_the_bound_gives_the_probability_that_it_promises() -> None:
    p = upper_bound(1, 20)
    assert (1 - p) ** 20 + 20 * p * (1 - p) ** 19 == pytest.approx(0.05)


def stream_of(keys: list[str], seed: int) -> list[str]:
    """The keys in the random order of a seed: that of the hashes of seed and key."""
    return sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())


def test_the_random_order_is_that_of_the_hashes_of_seed_and_key() -> None:
    assert sorted(KEYS, key=lambda key: random_place(42, key)) == stream_of(KEYS, 42)
    assert stream_of(KEYS, 43) != stream_of(KEYS, 42)


def test_the_sample_is_the_beginning_of_the_stream_that_was_decided_one_by_one(ledger: Ledger) -> None:
    stream = stream_of(KEYS, 1)
    assert sample(KEYS, ledger, 1) == Sample(0, 0, 1.0)
    for key in stream[:30]:
        ledger.decide(key, "accept")
    ledger.decide(stream[3], "reject")
    ledger.decide(stream[5], "edit", messages=EDIT)
    ledger.decide(stream[31], "reject")
    assert sample(KEYS, ledger, 1) == Sample(30, 2, upper_bound(2, 30))
    assert sample(np.array([int(key, 16) for key in KEYS], dtype=np.uint64), ledger, 1).n == 30
    ledger.decide(stream[30], "accept")
    assert sample(KEYS, ledger, 1) == Sample(32, 3, upper_bound(3, 32))


def test_a_row_that_was_skipped_or_decided_in_a_range_ends_the_sample(ledger: Ledger) -> None:
    stream = stream_of(KEYS, 1)
    for key in stream[:40]:
        ledger.decide(key, "accept")
    ledger.decide_all(stream[20:22], "accept")
    assert sample(KEYS, ledger, 1).n == 20
    ledger.decide(stream[10], "skip")
    assert sample(KEYS, ledger, 1).n == 10
    ledger.decide(stream[0], "tag", tag="odd")
    assert sample(KEYS, ledger, 1).n == 10


def test_rows_of_another_file_count_in_no_sample(ledger: Ledger) -> None:
    for key in ["ff00ff00ff00ff00", *stream_of(KEYS[:10], 1)]:
        ledger.decide(key, "accept")
    assert sample(KEYS[:10], ledger, 1).n == 10


def test_the_sample_is_told_in_words_and_its_bound_is_never_rounded_down() -> None:
    assert Sample(60, 2, 0.1012).words == "of 60 rows drawn at random 2 were bad: at 95% no more than 11% of all are"
    assert (
        Sample(300, 0, 0.00994).words == "of 300 rows drawn at random none was bad: at 95% no more than 1% of all are"
    )
    assert Sample(60, 1, 0.0766).words == "of 60 rows drawn at random 1 was bad: at 95% no more than 7.7% of all are"
    assert "too few rows to say" in Sample(1, 1, 1.0).words
    assert "no row" in Sample(0, 0, 1.0).words


def test_what_was_reviewed_is_counted_by_label_and_by_tag(ledger: Ledger) -> None:
    keys, labels = ["a", "b", "c", "d", "d"], ["late", "late", None, "lost", "lost"]
    ledger.decide("a", "accept")
    ledger.decide_all(["c", "d"], "reject")
    ledger.decide("b", "skip")
    ledger.tag_all(["a", "d"], ["odd"])
    ledger.decide("elsewhere", "tag", tag="odd")
    assert by_label(keys, labels, ledger) == {"late": Reviewed(2, 1, 1), "lost": Reviewed(2, 2, 0)}
    assert by_tag(keys, ledger) == {"odd": Reviewed(3, 3, 1)}
