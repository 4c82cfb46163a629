"""What the makers of the demo's data share: a row's line, and the command that writes the files."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def row_line(prompt: str, answer: str) -> str:
    """A row of a data file: a question and its answer."""
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": messages}, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Maker:
    """A command that writes made files: its name, what it makes, and where it puts them unless told otherwise."""

    name: str
    description: str
    out: Path
    seed: int
    make: Callable[[int], Mapping[str, str]]

    def run(self, arguments: Sequence[str] | None = None) -> None:
        """Writes the files of `--seed` into `--out`."""
        parser = argparse.ArgumentParser(prog=self.name, description=self.description)
        parser.add_argument("--out", type=Path, default=self.out, help="folder to write into (%(default)s)")
        parser.add_argument("--seed", type=int, default=self.seed)
        options = parser.parse_args(arguments)
        options.out.mkdir(parents=True, exist_ok=True)
        for name, text in self.make(options.seed).items():
            (options.out / name).write_text(text, encoding="utf-8", newline="\n")
