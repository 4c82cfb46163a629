"""What the Data screen knows of the frozen split: looked at now and then, since it is frozen elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftworkbench.tui.frozen import Frozen
    from ftworkbench.tui.screens.data import DataScreen


class HeldOut:
    """The rows that the recipe's split holds out; None until they were read."""

    def __init__(self, data: DataScreen) -> None:
        self._data = data
        self.frozen: Frozen | None = None

    def look(self) -> None:
        """Reads which rows are held out, where that was frozen since the last time."""
        from ftworkbench.tui.frozen import Frozen, read_frozen, stamp_of

        opened = self._data.workbench.opened
        if opened is None or self._data.workbench.is_busy("split"):
            return
        name, stamp = opened.path.name, stamp_of(opened)
        if self.frozen is not None and (self.frozen.recipe, self.frozen.stamp) == (name, stamp):
            return

        def failed(_: BaseException) -> None:
            self.frozen = Frozen(name, stamp)  # said once; it is read again when it has changed

        work = partial(read_frozen, opened)
        self._data.launch(work, self._was_read, doing="reading the split", group="split", failed=failed)

    def _was_read(self, frozen: Frozen) -> None:
        self.frozen = frozen
        self._data.show_row(top=False)

    def warn_of(self, keys: Sequence[str]) -> None:
        """`warn` of the rows with these keys."""
        review = self._data.review
        if self.frozen is not None and review is not None:
            self.warn(review.tally.rows_of(key for key in keys if key in self.frozen.rows))

    def warn(self, rows: Sequence[int]) -> None:
        """Says so where what was decided about these rows takes them out of what is measured."""
        review = self._data.review
        if self.frozen is not None and review is not None and (words := self.frozen.warning(review, rows)):
            self._data.workbench.tell(words, "warning")
