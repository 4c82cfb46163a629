"""Which rows hang together, so that a test of them counts each group once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ftworkbench.data.checks.duplicates import find_alike
from ftworkbench.data.example import content_text


def groups_of(prompts: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
    """The group of near-duplicates that each prompt is in, as the data's check finds them, its system message aside.

    A model that gets one of two such questions right mostly gets the other one right too.
    """
    texts = ["\n".join(content_text(each) for each in prompt if each["role"] != "system") for prompt in prompts]
    return [int(group) for group in find_alike(texts).groups()]


def group_counts(groups: Sequence[int]) -> dict[str, int]:
    """The `groups` of verdict.json: how many rows, in how many groups, and how many rows the largest has."""
    sizes = Counter(groups)
    return {"rows": len(groups), "groups": len(sizes), "largest": max(sizes.values(), default=0)}
