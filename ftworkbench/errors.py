"""What can go wrong, said for people, and the exit codes it maps to."""

from __future__ import annotations

from collections.abc import Sequence

EXIT_GOOD = 0
EXIT_NO = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class WorkbenchError(Exception):
    """An error whose text is one line for a person: what, where, what to do."""

    exit_code = EXIT_NO


class InputError(WorkbenchError):
    """Bad usage or bad input. Nothing was written."""

    exit_code = EXIT_BAD_INPUT


class RecipeError(InputError):
    """A recipe that cannot be run. `problems` holds one line for each thing to mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class JobError(WorkbenchError):
    """A job that failed, or cannot be found, stopped or resumed."""
