"""How much room a job takes."""

from __future__ import annotations

import os
from pathlib import Path


def bytes_of(folder: Path) -> int:
    """The bytes of all files in the folder, a file with several names once. What goes meanwhile counts for nothing."""
    total = 0
    seen: set[tuple[int, int]] = set()
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                stat = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            file = (stat.st_dev, stat.st_ino)
            if stat.st_nlink == 1 or file not in seen:
                seen.add(file)
                total += stat.st_size
    return total
