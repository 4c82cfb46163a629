"""Texts as vectors: alike where their words are, whatever the case, the order of rows or a slip of the keys."""

from __future__ import annotations

import numpy as np

from ftworkbench.data.checks.vectors import Counted, text_vectors, vectors_of

TEXTS = [
    "where is my parcel, it should have come on monday",
    "Where is my PARCEL it should have come on Monday!",
    "where is my parcle, it shuold have come on monday",
    "i forgot the password of my account and cannot log in",
    "",
    *(f"filler number {number} says something about thing{number}" for number in range(20)),
]


def likeness(texts: list[str]) -> np.ndarray:
    vectors = text_vectors(texts)
    found = vectors.of(np.arange(len(texts)))
    return np.asarray((found @ found.T).toarray())


def test_texts_are_as_alike_as_their_words() -> None:
    alike = likeness(TEXTS)
    assert alike[0, 1] > 0.99
    assert 0.5 < alike[0, 2] < 0.95
    assert alike[0, 3] < 0.2
    assert alike[0, 0] == np.float32(1) or abs(alike[0, 0] - 1) < 1e-5
    assert not alike[4].any()


def test_chunks_give_the_same_vectors_as_all_at_once() -> None:
    texts = [f"{text} {number}" * 40 for number in range(30) for text in TEXTS]
    vectors = text_vectors(texts)
    whole = vectors.of(np.arange(len(texts)))
    at = 0
    for rows, some in vectors.chunks():
        assert rows[0] == at
        assert abs(whole[rows] - some).max() < 1e-6
        at += len(rows)
    assert at == len(texts)
    assert sum(1 for _ in vectors.chunks()) > 1


def test_without_a_vocabulary_whole_words_and_pairs_still_tell_texts_apart() -> None:
    flat = np.array([1, 9, 5, 7, 1, 9, 5, 8, 21, 22, 23, 24], dtype=np.uint32) * np.uint32(2654435769)
    vectors = vectors_of(Counted(flat, np.array([0, 4, 8, 12, 12])))
    found = vectors.of(np.arange(4))
    alike = (found @ found.T).toarray()
    assert alike[0, 1] > 0.3
    assert abs(alike[0, 2]) < 0.1
    assert not alike[3].any()


def test_no_texts_and_texts_without_words_give_no_vectors() -> None:
    assert text_vectors([]).of(np.arange(0)).shape[0] == 0
    assert text_vectors(["", "?!"]).of(np.arange(2)).nnz == 0


def test_words_of_one_letter_and_of_any_script_count() -> None:
    alike = likeness(["ж я 東", "ж я 東 ", "x y z", *map(str, range(10))])
    assert alike[0, 1] > 0.99
    assert abs(alike[0, 2]) < 0.1


def test_words_that_the_vocabulary_lacks_count_as_wholes() -> None:
    hashes = [5, 9, 2**31, 2**32 - 1, 3 * 2**30]
    flat = np.array([*hashes, *hashes, 7, 8, 11, 13, 17], dtype=np.uint32)
    for known in ({hashes[0]: "parcel", hashes[4]: "late"}, {hashes[3]: "last"}):
        found = vectors_of(Counted(flat, np.array([0, 5, 10, 15, 15]), known)).of(np.arange(4))
        alike = (found @ found.T).toarray()
        assert alike[0, 1] > 0.99
        assert abs(alike[0, 2]) < 0.2
