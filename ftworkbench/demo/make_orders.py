"""Makes the data of the demo's second task: letters to a shop, and the order number in each.

`python -m ftworkbench.demo.make_orders [--out DIR]` writes train.jsonl and test.jsonl. The same seed gives the same
bytes. The pocket model knows the task from its pre-training, on other words and sentences: a good prompt is enough.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from ftworkbench.demo.corpus.bank import bank
from ftworkbench.demo.corpus.extract import letter
from ftworkbench.demo.corpus.facts import FACTS
from ftworkbench.demo.made_files import Maker, row_line

SEED = 31
TRAIN, TEST = 500, 150
FACT = "code"
OTHERS = (2, 4)  # what else a letter says
ORDERS = Path(__file__).parent / "orders"


def letters(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """So many letters, no two of them alike, each with its order number."""
    rng, source, seen = random.Random(seed), bank("held_out"), set[str]()
    [wanted] = [fact for fact in FACTS if FACT in fact.keys]
    while len(seen) < count:
        facts = [*rng.sample([fact for fact in FACTS if fact is not wanted], rng.randint(*OTHERS)), wanted]
        values = [fact.draw(rng, source) for fact in facts]
        text = letter(rng, facts, values)
        if text not in seen:
            seen.add(text)
            yield text, values[-1]


def make(seed: int = SEED) -> dict[str, str]:
    """The files by name, as the text to write."""
    rows = [row_line(text, number) for text, number in letters(seed, TRAIN + TEST)]
    return {"train.jsonl": "".join(rows[:TRAIN]), "test.jsonl": "".join(rows[TRAIN:])}


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the files into `--out`, by default where the package keeps them."""
    Maker("make_orders", "Make the demo's letters to a shop.", ORDERS, SEED, make).run(arguments)


if __name__ == "__main__":
    main()
