"""Near-duplicates among documents of 60 words, a tenth of them nearly what another says.

`python tests/bench/near_duplicates.py [DOCUMENTS]`, a million unless said; each way in a process of its own: ours, and
rensa alone, its texts cut into words and pairs of words in Python (on a tenth of the documents).
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

WORDS = [f"w{number}x{number * 7 % 1000}" for number in range(20_000)]
SHARE_OF_PEER = 10


def documents(count: int) -> Iterator[str]:
    """Every tenth says what an earlier one said, and a word more."""
    draw, said = random.Random(1), []
    for number in range(count):
        if number % 10 == 9:
            yield f"{draw.choice(said)} please"
            continue
        text = " ".join(draw.choices(WORDS, k=60))
        if len(said) < 5000:
            said.append(text)
        yield text


def ours(texts: list[str]) -> int:
    from ftworkbench.data.checks.duplicates import find_alike

    return len(find_alike(texts).paired)


def rensa_alone(texts: list[str]) -> int:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(0.7, 128, 32)
    prints = []
    for text in texts:
        words = text.split()
        one = RMinHash(128, 42)
        one.update([*words, *(f"{first} {second}" for first, second in pairwise(words))])
        prints.append(one)
    index.insert_many(prints)
    return sum(len(found) > 1 for found in index.query_all(prints))


WAYS = {"ours": ours, "rensa alone": rensa_alone}


def measure(way: str, count: int) -> tuple[float, float, int]:
    """Seconds, peak memory in GB, and how many documents were found to have a near-duplicate."""
    command = [sys.executable, __file__, "--one", way, str(count)]
    seconds, peak, found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(seconds), float(peak), int(found)


def main() -> None:
    if "--one" in sys.argv:
        way, count = sys.argv[2], int(sys.argv[3])
        texts = list(documents(count))
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        found = WAYS[way](texts)
        seconds = time.perf_counter() - began
        print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) * 1024 / 1e9, found)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for way, size in (("ours", count), ("rensa alone", count // SHARE_OF_PEER)):
        seconds, peak, found = measure(way, size)
        print(f"{way:<12} {size:>9,} documents  {seconds:6.1f} s  {peak:.2f} GB over the texts  {found:,} found")


if __name__ == "__main__":
    main()
