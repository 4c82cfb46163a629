"""What is said of a merge: what the verdict was, the proof, and how to use what came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from ftworkbench.figures import measure, size
from ftworkbench.printable import one_line
from ftworkbench.steps.verdicts import BREAKS, VOID, word_of
from ftworkbench.tui.shipping import Shipping, adapter_lines, from_workspace, load_lines, serve_line
from ftworkbench.tui.text import shown
from ftworkbench.tui.widgets.job_words import verdict_sign
from ftworkbench.tui.widgets.lines_view import wrapped
from ftworkbench.tui.widgets.verdict_card import verdict_headline

_GUTTER = 14
_WARNINGS = {
    BREAKS: "It beats prompting, but lost other skills by it. Merging is possible; see Evaluate (5) for which.",
    "no better": "It did not beat prompting. Merging is possible; ask yourself what for.",
    "worse": "It is worse than prompting alone. Merging is possible; shipping it would be a step back.",
    "not enough data": "Nobody knows whether it beats prompting: there were too few test rows to tell.",
    "no baseline": "No baseline was measured, so nobody knows whether it beats prompting.",
}
_UNMEASURED = (
    "It was never measured against the prompted baseline; Evaluate (5) does it. Merging is possible all the same."
)


def verdict_lines(verdict: Mapping[str, Any] | None, width: int, *, void: bool = False) -> list[Content]:
    """The verdict on the job, and plainly what speaks against shipping it."""
    label = Content.styled("verdict", "$text-muted")
    if verdict is None:
        return wrapped(Content.styled(f"! {_UNMEASURED}", "bold $warning"), width, label, _GUTTER)
    word = word_of(verdict)
    sign, style = verdict_sign(word)
    text = Content.assemble((f"{sign} {one_line(word)}", f"bold {style}"), f"   {one_line(verdict_headline(verdict))}")
    lines = wrapped(text, width, label, _GUTTER)
    if void:
        lines += wrapped(Content.styled(f"! {VOID}", "bold $warning"), width, gutter=_GUTTER)
    if word in _WARNINGS:
        lines += wrapped(Content.styled(f"! {_WARNINGS[word]}", "bold $warning"), width, gutter=_GUTTER)
    return lines


def proof_lines(shipping: Shipping, width: int) -> list[Content]:
    """The proof that the merged model is the one that was measured, and where it is."""
    merged = shipping.merged
    if merged is None:
        return []
    same, prompts = int(merged.get("same_answers") or 0), int(merged.get("prompts") or 0)
    dtype = str(merged.get("dtype", "float32"))
    if prompts and same == prompts:
        said = ("✔ proved", "bold $success")
        words = f"   same answers as the adapter, {same}/{prompts}"
    elif dtype == "float32":
        said = ("✘ not the same", "bold $error")
        words = f"   {same}/{prompts} answers are as the adapter gives them"
    elif merged.get("merged_in") == "float32":
        said = ("✔ proved", "bold $success")
        words = f"   {prompts}/{prompts} same answers in float32; {same}/{prompts} once rounded to {dtype}"
    else:
        said = ("≈ close", "bold $warning")
        words = f"   {same}/{prompts} same answers; in {dtype} rounding alone changes some"
    lines = wrapped(Content.assemble(said, one_line(words)), width, Content.styled("merged", "$text-muted"), _GUTTER)
    drift = merged.get("max_logit_drift")
    lines += _fact("logit drift", f"{measure(drift)} at most" if drift is not None else "", width)
    where = from_workspace(shipping.train_job.workspace, str(merged.get("path") or ""))
    lines += _fact("where", where + ("" if shipping.there else "   (no longer there)"), width)
    lines += _fact("size", size(_bytes(merged)), width)
    lines += _hash("sha256", str(merged.get("sha256") or ""), width)
    lines += _hash("adapter hash", str(merged.get("adapter_sha256") or ""), width)
    return lines


def _bytes(merged: Mapping[str, Any]) -> float | None:
    if merged.get("bytes") is not None:
        return float(merged["bytes"])
    return float(merged["gib"]) * 2**30 if merged.get("gib") is not None else None


def _fact(name: str, value: str, width: int) -> list[Content]:
    return wrapped(shown(value), width, Content.styled(name, "$text-muted"), _GUTTER) if value else []


def _hash(name: str, sha256: str, width: int) -> list[Content]:
    """A hash on one line, or in halves below each other where it has no room."""
    half = len(sha256) // 2
    return _fact(name, sha256 if len(sha256) <= width - _GUTTER else f"{sha256[:half]}\n{sha256[half:]}", width)


def use_lines(shipping: Shipping, width: int) -> list[Content]:
    """How to serve and load what was merged, and how to keep the adapter as it is."""
    lines: list[Content] = []
    workspace = shipping.train_job.workspace
    if shipping.merged is not None and shipping.there:
        path = from_workspace(workspace, str(shipping.merged["path"]))
        lines += _code("Serve it", "y copies it, with the whole path", serve_line(path), width)
        lines += _code("Load it", "Y copies it, with the whole path", load_lines(path), width)
    folder = from_workspace(workspace, str(shipping.train_job.adapter))
    lines += _code("Or keep the adapter by itself", "A copies it, with the whole path", adapter_lines(folder), width)
    text = f"{size(shipping.adapter_bytes)}; the base model stays as it is"
    lines += wrapped(shown(text, "$text-muted"), width)
    return lines


def _code(title: str, hint: str, code: str, width: int) -> list[Content]:
    lines = [Content(""), Content.assemble((title, "bold"), (f"   {hint}", "$text-muted"))]
    for line in code.split("\n"):
        lines += wrapped(shown(line, "$accent"), width, gutter=2)
    return lines
