"""How the answers of a comparison are drawn, and the keys' steps through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

TEMPERATURES = (0.0, 0.5, 0.8, 1.0, 1.3)
TOP_PS = (1.0, 0.95, 0.9, 0.8)


@dataclass(frozen=True)
class Drawing:
    """How answers are drawn. At temperature 0 the likeliest token is taken, and the rest says nothing."""

    seed: int
    temperature: float = 0.0
    top_p: float = 1.0

    @property
    def words(self) -> str:
        if not self.temperature:
            return "greedy"
        top = f", top-p {self.top_p:g}" if self.top_p < 1 else ""
        return f"temperature {self.temperature:g}{top}, seed {self.seed}"

    def next_seed(self) -> Drawing:
        return replace(self, seed=self.seed + 1)

    def warmer(self) -> Drawing:
        return replace(self, temperature=_after(TEMPERATURES, self.temperature))

    def narrower(self) -> Drawing:
        return replace(self, top_p=_after(TOP_PS, self.top_p))


def _after(choices: Sequence[float], now: float) -> float:
    return choices[(choices.index(now) + 1) % len(choices)] if now in choices else choices[0]
