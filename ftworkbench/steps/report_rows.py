"""The test rows in a report: kinds of error, before against after; rows that were lost and won, with both answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ftworkbench.evaluate.word_diff import differing
from ftworkbench.figures import count
from ftworkbench.printable import printable
from ftworkbench.report.blocks import Block, Folded, Heading, Paragraph, Table, Verbatim
from ftworkbench.steps.evaluation import GAINED, LOST, Evaluation, Pair
from ftworkbench.steps.failures import kind_table, kinds_of, tags_of

_EXAMPLES = 12  # rows of each fate


def rows_blocks(measured: Evaluation) -> Iterator[Block]:
    """The kinds of error that were tagged, and examples of the rows that tuning lost and won."""
    tags = tags_of(measured.job.workspace, [pair.row for pair in measured.pairs])
    if kinds := kinds_of(measured.pairs, tags, graded=measured.graded):
        head, rows = kind_table(kinds)
        yield Heading(2, "Kinds of error, as they were tagged")
        if measured.graded:
            yield Paragraph(f"By {measured.metric} no row is right or wrong: rows fell or rose against the baseline.")
        yield Table(head, rows, frozenset(range(1, len(head))))
    yield from _examples(measured, tags)


def _examples(measured: Evaluation, tags: Mapping[str, Sequence[str]]) -> Iterator[Block]:
    fates = measured.fates
    graded = ("Worse after", "Better after")
    titles = graded if measured.graded else ("Right before, wrong after", "Wrong before, right after")
    for fate, title in zip((LOST, GAINED), titles, strict=True):
        pairs = [pair for pair in measured.pairs if pair.fate == fate]
        if not pairs:
            continue
        shown = f", {_EXAMPLES} of them here" if len(pairs) > _EXAMPLES else ""
        yield Heading(2, f"{title}: {count(fates[fate], 'row')}{shown}")
        for pair in pairs[:_EXAMPLES]:
            blocks = tuple(_example(pair, measured.baseline_name, tags.get(pair.row, ())))
            yield Folded(f"row {pair.number}: {pair.prompt[:120]}", blocks)


def _example(pair: Pair, baseline: str, tags: Sequence[str]) -> Iterator[Block]:
    yield Verbatim("prompt", pair.prompt)
    yield Verbatim("reference", pair.reference)
    for name, output in ((baseline, pair.baseline), ("tuned", pair.tuned)):
        if output is not None and output.answer:
            text = printable(output.answer)
            yield Verbatim(name, text, tuple(differing(text, printable(pair.reference))))
        elif output is not None:
            yield Verbatim(name, output.error)
    if tags:
        yield Paragraph(f"tagged: {', '.join(tags)}")
