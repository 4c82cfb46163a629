"""What an answer says, who gave it, how it was drawn, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ftworkbench.tui.drawing import Drawing
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.diff import marked

if TYPE_CHECKING:
    from ftworkbench.jobs.story import Answer


_LONGEST = 50_000


def answer_text(answer: Answer, against: str | None, *, plain: bool = False) -> Content:
    """What it says so far, or why there is nothing; once it is whole, what differs from `against` is marked.

    `plain` is how an answer to an earlier prompt is shown, with nothing marked.
    """
    if answer.error:
        return shown(answer.error, "$error")
    text = answer.text[:_LONGEST]
    if plain:
        return shown(text, "$text-muted")
    if not answer.done:
        return Content.assemble(shown(text), ("▌", "$accent"))
    if not text:
        return Content.styled("(an empty answer)", "$text-muted")
    return shown(text) if against is None else marked(text, against)


def who_answered(answer: Answer | None) -> str:
    """Who answered, as the worker says it: the adapter's hash, that there was none, or another model."""
    if answer is None or not answer.done or answer.error:
        return ""
    if model := answer.totals.get("model"):
        return f"{model} at {answer.totals.get('endpoint')}"
    sha256 = answer.adapter_sha256
    return f"adapter {sha256[:8]}" if sha256 else "no adapter"


def proof_of(answer: Answer | None, many: int = 1) -> str:
    """Who answered, by which chat template, and how the answer was drawn: by which seed, where it was.

    With `many` it is the first of so many, drawn by the seeds from its own on.
    """
    who = who_answered(answer)
    if answer is None or not who:
        return ""
    found = answer.totals
    template = f"template {str(found['template_sha256'])[:8]}" if found.get("template_sha256") else ""
    temperature, top_p = float(found.get("temperature") or 0), float(found.get("top_p") or 1)
    drawn = Drawing(int(found.get("seed") or 0), temperature, top_p, many)
    return " · ".join(part for part in (who, template, drawn.words if "temperature" in found else "") if part)


def length_of(answer: Answer) -> str:
    """Length and time of an answer, and whether it was cut off."""
    tokens, seconds = int(answer.totals.get("tokens") or 0), float(answer.totals.get("seconds") or 0)
    cut_off = " · cut off" if answer.totals.get("finish") == "length" else ""
    return f"{tokens} tokens · {seconds:.2f} s{cut_off}"


def totals_of(answer: Answer | None) -> str:
    """Length, time, speed and cost of an answer, and whether it ended by itself."""
    if answer is None or not answer.done or answer.error:
        return ""
    tokens, seconds = int(answer.totals.get("tokens") or 0), float(answer.totals.get("seconds") or 0)
    parts = [f"{tokens} tokens", f"{seconds:.2f} s"]
    if (first := answer.totals.get("first_token_seconds")) is not None:
        parts.append(f"first after {float(first):.2f}")
    if seconds:
        parts.append(f"{tokens / seconds:,.0f} tokens/s")
    parts.append({"stop": "stopped by itself", "length": "cut off"}.get(str(answer.totals.get("finish")), ""))
    if (cost := answer.totals.get("cost")) is not None:
        parts.append(f"{1000 * float(cost):.3g} for 1,000 such")
    return " · ".join(part for part in parts if part)
