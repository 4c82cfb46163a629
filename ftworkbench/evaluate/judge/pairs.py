"""What verdicts on pairs come to: both orders folded into one, the win rate, and what order and length did.

A pair is shown in both orders, and an answer has won where it is preferred in both; where the orders disagree it is a
tie (Zheng et al. 2023, section 3.4). Position and length are then measured by the same paired tests as everything else.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ftworkbench.evaluate.judge.parsing import Word
from ftworkbench.evaluate.paired import interval_of, paired, significance
from ftworkbench.evaluate.statistics import Interval

Outcome = Literal["won", "lost", "tie"]


@dataclass(frozen=True)
class Pair:
    """A row on which both orders were judged. `forward` showed the baseline first, as A; `backward` the tuned one.

    `same` answers were not asked about: they tie. Lengths are in characters.
    """

    row: str
    forward: Word
    backward: Word
    before_length: int = 0
    after_length: int = 0
    same: bool = False

    @property
    def outcome(self) -> Outcome:
        """What became of the tuned answer."""
        if self.forward == "B" and self.backward == "A":
            return "won"
        return "lost" if self.forward == "A" and self.backward == "B" else "tie"

    @property
    def is_consistent(self) -> bool:
        """Whether both orders say the same."""
        return self.outcome != "tie" or (self.forward == "tie" and self.backward == "tie")

    @property
    def gain(self) -> int:
        return {"won": 1, "lost": -1, "tie": 0}[self.outcome]

    @property
    def first_over_second(self) -> float:
        """How much the answer that was shown first was preferred, over both orders: from -1 to 1."""
        worth = {"A": 0.5, "B": -0.5, "tie": 0.0}
        return worth[self.forward] + worth[self.backward]


@dataclass(frozen=True)
class Rate:
    """How often one of two wins, ties counted half: 0.5 is as often as the other. `n` are rows."""

    value: float | None
    interval: Interval | None
    p_value: float | None
    test: str
    n: int

    def as_json(self) -> dict[str, Any]:
        interval = None if self.interval is None else list(self.interval)
        return {"value": self.value, "interval": interval, "p_value": self.p_value, "test": self.test, "n": self.n}


def rate(gains: Sequence[float], groups: Sequence[Hashable] | None = None, confidence: float = 0.95) -> Rate:
    """The rate that gains from -1 to 1 make, (1 + their mean) / 2, and the paired test of 0.5.

    For whole gains of single rows that is the sign test, which is the exact McNemar test, with Tango's interval; else
    the sign-flip test over groups with the bootstrap's.
    """
    if not gains:
        return Rate(None, None, None, "", 0)
    whole = all(gain in (-1, 0, 1) for gain in gains)
    found = paired([0.0] * len(gains), gains, whole, groups)
    p_value, test = significance(found)
    low, high = interval_of(found, confidence)
    return Rate((1 + found.mean) / 2, ((1 + low) / 2, (1 + high) / 2), p_value, test, found.n)


def win_rate(pairs: Sequence[Pair], groups: Sequence[Hashable] | None = None) -> Rate:
    """How often the tuned answer wins."""
    return rate([pair.gain for pair in pairs], groups)


def position_effect(pairs: Sequence[Pair], groups: Sequence[Hashable] | None = None) -> Rate:
    """How often what is shown first wins, over both orders of all pairs that were asked about."""
    kept, among = _kept(pairs, groups, [not pair.same for pair in pairs])
    return rate([pair.first_over_second for pair in kept], among)


def length_effect(
    lengths: Sequence[tuple[int, int]], gains: Sequence[float], groups: Sequence[Hashable] | None = None
) -> Rate:
    """How often the longer answer wins, over rows whose answers differ in length; `lengths` are (before, after)."""
    signed = [gain if after > before else -gain for (before, after), gain in zip(lengths, gains, strict=True)]
    kept, among = _kept(signed, groups, [before != after for before, after in lengths])
    return rate(kept, among)


def _kept(
    values: Sequence[Any], groups: Sequence[Hashable] | None, wanted: Sequence[bool]
) -> tuple[list[Any], list[Hashable] | None]:
    kept = [value for value, is_wanted in zip(values, wanted, strict=True) if is_wanted]
    if groups is None:
        return kept, None
    return kept, [group for group, is_wanted in zip(groups, wanted, strict=True) if is_wanted]


def pairs_json(pairs: Sequence[Pair], groups: Sequence[Hashable] | None = None) -> dict[str, Any]:
    """The figures of a pairwise judge for verdict.json."""
    asked = [pair for pair in pairs if not pair.same]
    flipped = sum(not pair.is_consistent for pair in asked)
    outcomes = [pair.outcome for pair in pairs]
    lengths = [(pair.before_length, pair.after_length) for pair in pairs]
    return {
        "won": outcomes.count("won"),
        "lost": outcomes.count("lost"),
        "ties": outcomes.count("tie"),
        "same": len(pairs) - len(asked),
        "flipped": flipped,
        "flip_rate": flipped / len(asked) if asked else None,
        "win_rate": win_rate(pairs, groups).as_json(),
        "first_shown_wins": position_effect(pairs, groups).as_json(),
        "longer_wins": length_effect(lengths, [pair.gain for pair in pairs], groups).as_json(),
        "longer": sum(after > before for before, after in lengths),
    }
