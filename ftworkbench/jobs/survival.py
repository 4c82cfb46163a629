"""What happens to a job when its user logs out, and what it is launched in for that.

A session of its own is enough against a closed terminal and a lost connection. The end of a login is another matter:

- logind with KillUserProcesses=yes kills all that was started in the login session, unless it runs in a unit of the
  user's own manager: there `systemd-run --user --scope` helps.
- That manager ends with the user's last login session, and all its units with it, unless the user is lingering
  (`loginctl enable-linger`). Where logind kills nothing, a scope would only be in danger there.

See logind.conf(5), loginctl(1), systemd-run(1).
"""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SCOPE = ("systemd-run", "--user", "--scope", "--quiet", "--collect")
_SECONDS = 3.0
_KILLS = (
    "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
    "KillUserProcesses",
)  # fmt: skip
_CONTAINERS = (Path("/.dockerenv"), Path("/run/.containerenv"), Path("/run/systemd/container"))


@dataclass(frozen=True)
class Survival:
    """What this machine does when a user logs out; None where it doesn't say.

    `manager`: a manager of the user's own starts scopes. `lingers`: it stays when the user has logged out. `kills`:
    logind kills what a login session leaves behind. `container`: there is none of it, and a container's end to fear.
    """

    manager: bool
    lingers: bool | None = None
    kills: bool | None = None
    container: bool = False

    @property
    def scoped(self) -> bool:
        """Whether a scope of its own makes a job outlive more than a session of its own would."""
        return self.manager and bool(self.lingers or self.kills)

    @property
    def ends_at_logout(self) -> bool:
        """Whether a job ends when its user's last login session does, whatever it is launched in."""
        return bool(self.kills) and not (self.manager and self.lingers)

    @property
    def words(self) -> str:
        """What jobs outlive, in one line."""
        if self.ends_at_logout:
            return "outlive the workbench and its terminal, and end when you log out"
        if self.container:
            return "outlive the workbench, its terminal and connection (no tmux is needed), and end with this container"
        return "outlive the workbench, its terminal and connection (no tmux is needed), and your login"

    @property
    def problem(self) -> str | None:
        """What to do where a job would end with the login; None where it would not."""
        if not self.ends_at_logout:
            return None
        user = getpass.getuser()
        linger = f"`loginctl enable-linger {user}` lets them go on"
        if self.manager:
            return f"jobs end when your last login session does (logind's KillUserProcesses): {linger}"
        return (
            "jobs end when you log out: logind's KillUserProcesses is set, and no systemd user manager can be reached; "
            f"set KillUserProcesses=no in logind.conf, or log in with a user session, and {linger}"
        )


@lru_cache(maxsize=1)
def survival() -> Survival:
    """What holds here; asked once in a process, in a few seconds at most."""
    manager = _said((*SCOPE, "true")) is not None
    lingering = _said(("loginctl", "show-user", str(os.getuid()), "--property=Linger"))
    kills = _said(_KILLS)
    return Survival(
        manager,
        None if lingering is None else lingering.strip() == "Linger=yes",
        None if kills is None else kills.split() == ["b", "true"],
        kills is None and (any(path.exists() for path in _CONTAINERS) or "container" in os.environ),
    )


def launched(command: Sequence[str], here: Survival) -> list[str]:
    """The command that starts `command` in what outlives most here. Its pid is that of `command`, which it becomes."""
    return [*SCOPE, "--", *command] if here.scoped else list(command)


def _said(command: Sequence[str]) -> str | None:
    """What a command says; None where there is no such, it fails, or takes too long."""
    if shutil.which(command[0]) is None:
        return None
    try:
        found = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout
