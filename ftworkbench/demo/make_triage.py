"""Makes the demo's data set: support tickets with the queue and urgency of each, and faults planted in them.

`python -m ftworkbench.demo.make_triage [--out DIR]` writes train.jsonl, test.jsonl, faults.json (each planted
fault by row) and decisions.json (what a reviewer decides about them). The same seed gives the same bytes.

Decisions are meant for a ledger that knows rows by their content. So an exact duplicate is accepted, once for
both rows, and curating uses the first; and rejecting a row of train takes the same row out of the test file.

A ticket is for one queue:

- billing: charges, invoices, prices, ways to pay. Also gift cards, vouchers and codes whatever is wrong with
  them, subscriptions, and a refund that was granted but hasn't reached the bank.
- delivery: parcels under way, couriers, shipping. Also changing the address of an order, calling off one that
  has not left yet, and taking away the old appliance.
- account: logging in to the shop, profile data, points, newsletters, and messages that look like a scam.
- technical: what breaks or misbehaves in use, setting up, manuals, warranty and repair, the app and the
  website. Also signing in to the app on a TV or a console.
- returns: sending back, exchanging, asking for the money back, wrong goods. Also a missing part, and goods
  that came damaged.

Most tickets come through the contact form, whose menu has an entry for each queue in the shop's own words ("My
corner" is for account); the entries stand in `tickets.grammar`. The text decides where they disagree: some
customers pick the wrong one. The recipe's prompt says nothing of the menu; rows and examples show it.

Where a message has two problems, the one that the writer calls the main one decides; else the first.

Urgency is high where the writer is angry (sarcasm and "third time I write" count), names a deadline or says
urgent, can't use or do without the thing, can't get into the account at all, or where there is fraud, danger
or injury, however politely told. Else it is low for a question without a problem, and for a problem that the
writer says can wait. Else normal: a problem told plainly, which a polite "please help" doesn't change.
"""

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from ftworkbench.demo.made_files import Maker, row_line
from ftworkbench.demo.tickets.faults import Planted, Planter
from ftworkbench.demo.tickets.grammar import Desk
from ftworkbench.demo.tickets.outliers import outliers
from ftworkbench.demo.tickets.rows import Distinct, legal_tickets, sound_tickets

SEED = 20
TRAIN, TEST = 568, 180
LEGAL_IN_TRAIN = 7
TRIAGE = Path(__file__).parent / "triage"


def make(seed: int = SEED) -> dict[str, str]:
    """The four files by name, as the text to write."""
    rng = random.Random(seed)
    seen = Distinct()
    desk = Desk(rng)
    legal = legal_tickets(desk, rng, seen)
    train, test = sound_tickets(desk, rng, (TRAIN, TEST), seen)
    planter = Planter(rng, [*train, *legal[:LEGAL_IN_TRAIN]])
    planter.plant_all()
    files = {
        "train.jsonl": sorted([*planter.train(), *outliers(seed)], key=lambda row: row.place),
        "test.jsonl": planter.test([*test, *legal[LEGAL_IN_TRAIN:]]),
    }
    numbers = {row.name: number for rows in files.values() for number, row in enumerate(rows, 1)}
    return {
        **{name: "".join(row_line(row.ticket.text, row.reply) for row in rows) for name, rows in files.items()},
        "faults.json": _dumps({name: _faults(rows, numbers) for name, rows in files.items()}),
        "decisions.json": _dumps([entry for name, rows in files.items() for entry in _decisions(name, rows)]),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Writes the files into `--out`, by default where the package keeps them."""
    Maker("make_triage", "Make the demo's support tickets.", TRIAGE, SEED, make).run(arguments)


def _faults(rows: Iterable[Planted], numbers: dict[int, int]) -> list[dict[str, object]]:
    return [
        {
            "row": number,
            "kind": row.fault,
            "of": None if row.of is None else numbers[row.of],
            "note": row.note,
        }
        for number, row in enumerate(rows, 1)
        if row.fault
    ]


def _decisions(name: str, rows: Iterable[Planted]) -> list[dict[str, object]]:
    found = []
    for number, row in enumerate(rows, 1):
        if not row.do:
            continue
        entry: dict[str, object] = {"file": name, "row": number, "do": row.do, "why": row.why}
        if row.new_prompt is not None:
            entry["prompt"] = row.new_prompt
        if row.do == "edit":
            entry["answer"] = row.new_reply or row.reply
        found.append(entry)
    return found


def _dumps(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
