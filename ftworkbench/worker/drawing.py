"""Drawing tokens so that each row of a batch draws what it would draw alone."""

from __future__ import annotations

import torch
from transformers import LogitsProcessor, TopPLogitsWarper


class Drawn(LogitsProcessor):  # type: ignore[misc]
    """Makes the likeliest token a drawn one: the largest of log-probability plus Gumbel noise is a draw (Gumbel 1954).

    Every row has the same noise, from the seed alone, on the CPU. So what it draws does not depend on the batch or
    the device, and two systems that are asked the same by the same seed differ by their weights and not by luck.
    """

    def __init__(self, temperature: float, top_p: float, seed: int) -> None:
        self._temperature = temperature
        self._likeliest = TopPLogitsWarper(top_p) if top_p < 1 else None
        self._noise = torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float() / self._temperature
        if self._likeliest is not None:
            scores = self._likeliest(input_ids, scores)
        drawn = torch.empty(scores.shape[-1]).exponential_(generator=self._noise)
        return scores - drawn.to(scores.device).log()
