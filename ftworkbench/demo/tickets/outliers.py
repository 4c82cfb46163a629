"""Plants rows that are no tickets at all, each labelled as any ticket is."""

import random
from dataclasses import replace

from ftworkbench.demo.tickets.faults import Planted
from ftworkbench.demo.tickets.grammar import QUEUES, URGENCIES, read_sections
from ftworkbench.demo.tickets.rows import Ticket

_FIRST_NAME = 3_000_000


def outliers(seed: int) -> list[Planted]:
    """A row for each text of outliers.txt, all to be rejected. Drawn apart from all other rows, which stay as drawn."""
    rng = random.Random(f"outliers {seed}")
    found = []
    for at, (what, (text,)) in enumerate(read_sections("outliers").items()):
        ticket = Ticket(text, rng.choice(QUEUES), rng.choice(URGENCIES))
        note = f"{what}, no ticket"
        row = Planted(_FIRST_NAME + at, rng.random(), ticket, ticket.answer, "outlier", note=note)
        found.append(replace(row, do="reject", why="not a support ticket"))
    return found
