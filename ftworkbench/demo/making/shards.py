"""Shards of packed rows, made by many processes while the training runs."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ftworkbench.demo.corpus.bank import bank
from ftworkbench.demo.corpus.mix import dialogue
from ftworkbench.demo.making.tokenizer import CONTEXT, PAD, encode, special_id

SHARD_ROWS = 512
OPEN_ROWS = 48
"""Rows that are filled at once: a dialogue goes where it leaves the least room."""
IDS, POSITIONS, ANSWERS = range(3)
"""A shard is (3, rows, context) of uint16: token ids, positions in the dialogue, and 0 pad, 1 prompt, 2 answer."""

Shard = NDArray[np.uint16]


def packed_rows(tokenizer_file: Path, seed: int, chunk: int = 400) -> Iterator[Shard]:
    """Rows (3, context) without end, each packed full with whole dialogues."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    pad = special_id(tokenizer, PAD)
    rng, source = Random(seed), bank("seen")
    open_rows: list[list[tuple[list[int], list[int]]]] = []
    room: list[int] = []
    while True:
        for ids, answers in encode(tokenizer, [dialogue(rng, source) for _ in range(chunk)]):
            if len(ids) > CONTEXT:
                continue
            fitting = [place for place, left in enumerate(room) if left >= len(ids)]
            if fitting:
                place = min(fitting, key=room.__getitem__)
                open_rows[place].append((ids, answers))
                room[place] -= len(ids)
            else:
                open_rows.append([(ids, answers)])
                room.append(CONTEXT - len(ids))
            if len(room) > OPEN_ROWS:
                fullest = min(range(len(room)), key=room.__getitem__)
                room.pop(fullest)
                yield _row(open_rows.pop(fullest), pad)


def _row(members: list[tuple[list[int], list[int]]], pad: int) -> Shard:
    row = np.zeros((3, CONTEXT), dtype=np.uint16)
    row[IDS] = pad
    start = 0
    for ids, answers in members:
        stop = start + len(ids)
        row[IDS, start:stop] = ids
        row[POSITIONS, start:stop] = np.arange(len(ids))
        row[ANSWERS, start:stop] = np.asarray(answers) + 1
        start = stop
    row[POSITIONS, start:] = np.arange(CONTEXT - start)
    return row


def _produce(folder: Path, tokenizer_file: Path, seed: int, most: int) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    rows = packed_rows(tokenizer_file, seed)
    for number in range(most):
        shard = np.stack([next(rows) for _ in range(SHARD_ROWS)], axis=1)
        unfinished = folder / f".{seed}-{number}.npy"
        np.save(unfinished, shard)
        unfinished.rename(folder / f"{seed}-{number}.npy")


@contextmanager
def producers(folder: Path, tokenizer_file: Path, seed: int, processes: int, most: int = 200) -> Iterator[None]:
    """Runs so many processes that write shards (at most `most` each) into the folder until the block is left."""
    context = multiprocessing.get_context("spawn")
    running: list[BaseProcess] = []
    for place in range(processes):
        process = context.Process(target=_produce, args=(folder, tokenizer_file, seed + place, most), daemon=True)
        process.start()
        running.append(process)
    try:
        yield
    finally:
        for started in running:
            started.terminate()
        for started in running:
            started.join()
