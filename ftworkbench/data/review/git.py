"""What git has to know of a workspace: that two people's ledgers merge by the union of their lines."""

from __future__ import annotations

from ftworkbench.data.sources.files import write_whole
from ftworkbench.errors import InputError
from ftworkbench.workspace import Workspace


def merge_ledgers_by_union(workspace: Workspace) -> None:
    """Writes into the workspace's .gitattributes that the ledger merges by union; what stands there stays.

    Where it says already how the ledger merges, that stays too. Raises InputError where it cannot be read or written.
    """
    path, name = workspace.attributes, workspace.ledger.name.encode()
    try:
        there = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    words = [line.split() for line in there.splitlines()]
    if any(line[0].lstrip(b"/") == name and b"merge" in b" ".join(line[1:]) for line in words if line):
        return
    start = there if not there or there.endswith(b"\n") else there + b"\n"
    write_whole(path, start + name + b" merge=union\n")
