"""A job that a command has just launched: followed to its end, or left to itself."""

from __future__ import annotations

from ftworkbench.commands import hints
from ftworkbench.commands.results import report, result_of
from ftworkbench.commands.show import emit, say, tell
from ftworkbench.commands.watch import watch_job
from ftworkbench.errors import EXIT_GOOD
from ftworkbench.jobs.folder import Job


def leave_or_follow(job: Job, doing: str, *, detach: bool, as_json: bool) -> int:
    """Prints the job's folder and leaves it to itself, or follows it and prints how it ended. Gives the exit code."""
    if not detach:
        say(f"{doing} {job.short}; it goes on if this terminal closes")
        watch_job(job)
        return report(job, as_json=as_json)
    if as_json:
        emit(result_of(job))
    else:
        tell(str(job.path))
        say(f"`{hints.of_job('watch', job)}` follows it, once it is its turn")
    return EXIT_GOOD
