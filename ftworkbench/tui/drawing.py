"""How the answers of a comparison are drawn, and the keys' steps through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

TEMPERATURES = (0.0, 0.5, 0.8, 1.0, 1.3)
TOP_PS = (1.0, 0.95, 0.9, 0.8)
SEVERAL = 4  # as many draws as can be read at once


@dataclass(frozen=True)
class Drawing:
    """How answers are drawn: as many of each as `many`, by the seeds from `seed` on.

    At temperature 0 the likeliest token is taken, and the rest says nothing.
    """

    seed: int
    temperature: float = 0.0
    top_p: float = 1.0
    many: int = 1

    @property
    def words(self) -> str:
        if not self.temperature:
            return "greedy"
        top = f", top-p {self.top_p:g}" if self.top_p < 1 else ""
        seeds = f"seed {self.seed}" if self.many == 1 else f"seeds {self.seed} to {self.seed + self.many - 1}"
        return f"temperature {self.temperature:g}{top}, {seeds}"

    @property
    def each(self) -> tuple[Drawing, ...]:
        """The same, seed by seed."""
        return tuple(replace(self, seed=self.seed + place, many=1) for place in range(self.many))

    def next_seed(self) -> Drawing:
        """By the seeds that come after these."""
        return replace(self, seed=self.seed + self.many)

    def several(self) -> Drawing:
        """Several of each instead of one, or one again."""
        return replace(self, many=1 if self.many > 1 else SEVERAL)

    def warmer(self) -> Drawing:
        """At the next temperature; greedy answers are one of each."""
        temperature = _after(TEMPERATURES, self.temperature)
        return replace(self, temperature=temperature, many=self.many if temperature else 1)

    def narrower(self) -> Drawing:
        return replace(self, top_p=_after(TOP_PS, self.top_p))


def _after(choices: Sequence[float], now: float) -> float:
    return choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]
