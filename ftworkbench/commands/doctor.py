"""`doctor`: GPU, versions, terminal, disk: what will and what won't work here."""

from __future__ import annotations

import argparse

from ftworkbench.commands.arguments import add_json
from ftworkbench.commands.show import emit, tell
from ftworkbench.errors import EXIT_GOOD, EXIT_NO
from ftworkbench.steps.doctor import examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_json(parser, "the findings")


def run(args: argparse.Namespace) -> int:
    found = examine()
    if args.json:
        emit(found)
    else:
        for name, version in found["versions"].items():
            tell(f"{name:<16} {version or 'missing'}")
        for gpu in found["gpus"]:
            tell(f"{'gpu':<16} {gpu['name']}, {gpu['memory_gib']:.0f} GiB, compute capability {gpu['capability']}")
        if not found["gpus"]:
            cpu = f"{found['cores']} cores, {found['memory_gib']:.0f} GiB"
            tell(f"{'gpu':<16} none: the CPU ({cpu}) trains small models only")
        terminal = found["terminal"]
        size = f"{terminal['columns']}×{terminal['rows']}"
        tell(f"{'terminal':<16} {terminal['term'] or 'none'}, {size}, {terminal['colours']} colours")
        tell(f"{'disk':<16} {found['disk']['free_gib']:.0f} GiB free here")
        tell(f"{'jobs':<16} {found['jobs']}")
        for name, words in found["extras"].items():
            tell(f"{name:<16} {words}")
        tell(f"{'ragas':<16} {found['ragas']}")
        for problem in found["problems"]:
            tell(f"problem: {problem}")
        if not found["problems"]:
            tell("no problems")
    return EXIT_NO if found["problems"] else EXIT_GOOD
