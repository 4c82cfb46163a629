"""What the kernel says, as it says it, read into plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftworkbench.jobs.cgroup import memory_kills, read_kills
from ftworkbench.jobs.kernel import Line, parse, words_of

JOURNAL = """\
1795459100.100000 box kernel: Linux version 6.8.0-51-generic (buildd@lcy02-amd64-075)
1795459250.123456 box kernel: python invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0
1795459250.123457 box kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=user.slice,mems_allowed=0,\
global_oom,task_memcg=/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope,task=python,pid=4242,uid=1000
1795459250.123458 box kernel: Out of memory: Killed process 4242 (python) total-vm:98765432kB, anon-rss:60123456kB, \
file-rss:1024kB, shmem-rss:0kB, UID:1000 pgtables:130000kB oom_score_adj:0
1795459251.000000 box kernel: oom_reaper: reaped process 4242 (python), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
"""
KILLED = "the kernel killed it: out of memory"
DMESG = """\
[    0.000000] Linux version 6.8.0-51-generic
[  812.345678] NVRM: Xid (PCI:0000:65:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.
[  812.345700] NVRM: GPU 0000:65:00.0: GPU has fallen off the bus.
"""


def words(text: str, pid: int = 4242) -> str:
    return words_of([Line(10.0, text)], pid, 0.0)


def test_a_process_killed_for_memory_is_said_once_by_the_journal() -> None:
    lines = list(parse(JOURNAL, booted=1795450000.0))
    assert words_of(lines, 4242, 1795459200.0) == "the kernel killed it: out of memory"
    assert words_of(lines, 4243, 1795459200.0) == ""
    assert words_of(lines, 4242, 1795459300.0) == ""  # before the job began


def test_the_stamps_of_dmesg_count_from_the_boot() -> None:
    lines = list(parse(DMESG, booted=1795450000.0))
    assert [line.t for line in lines] == [1795450000.0, 1795450812.345678, 1795450812.3457]
    assert words_of(lines, 1, 1795450800.0) == "the GPU fell off the bus (Xid 79)"
    assert words_of(lines, 1, 1795450900.0) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Memory cgroup out of memory: Killed process 4242 (python3) total-vm:41234kB, anon-rss:20000kB",
            "the kernel killed it: out of memory (its container's or its group's limit)",
        ),
        ("Out of memory: Kill process 4242 (python) score 901 or sacrifice child", KILLED),
        ("Killed process 4242 (python) total-vm:1kB, anon-rss:1kB", KILLED),
        (
            "python3[4242]: segfault at 0 ip 00007f1c2b3c4d5e sp 00007ffd1a2b3c40 error 4 in "
            "libtorch_cpu.so[7f1c2a000000+1800000]",
            "it crashed in libtorch_cpu.so (segfault)",
        ),
        (
            "traps: python3[4242] general protection fault ip:7f1c2b3c4d5e sp:7ffd1a2b3c40 error:0 in "
            "libc.so.6[7f1c2a000000+1800000]",
            "it crashed in libc.so.6 (general protection fault)",
        ),
        (
            "NVRM: Xid (PCI:0000:07:00): 31, pid=4242, name=python3, Ch 00000008, intr 00000000. MMU Fault: ENGINE "
            "GRAPHICS GPCCLIENT_T1_4 faulted @ 0x7f1c_2b3c4000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ",
            "a GPU kernel touched memory that is not its own (Xid 31)",
        ),
        ("NVRM: Xid (PCI:0000:07:00): 31, pid=77, name=python3, Ch 00000008, intr 00000000. MMU Fault", ""),
        (
            "NVRM: Xid (PCI:0000:17:00): 48, pid='<unknown>', name=<unknown>, An uncorrectable double bit error (DBE) "
            "has been detected on GPU in the framebuffer at partition 4, subpartition 0.",
            "the GPU's memory is damaged: an error of two bits (Xid 48)",
        ),
        (
            "NVRM: Xid (PCI:0000:01:00): 119, pid=77, name=python, Timeout after 6s of waiting for RPC response from "
            "GPU0 GSP! Expected function 76 (GSP_RM_CONTROL) (0x2080a068 0x0).",
            "the GPU's own processor (GSP) did not answer (Xid 119)",
        ),
        ("NVRM: Xid (PCI:0000:01:00): 999, pid=4242, name=python, something new", "the GPU met a fault (Xid 999)"),
        ("usb 1-1: new high-speed USB device number 2 using xhci_hcd", ""),
    ],
)  # fmt: skip
def test_what_a_line_says_in_plain_words(text: str, said: str) -> None:
    assert words(text) == said


def test_a_group_counts_the_processes_that_it_lost_to_the_lack_of_memory(tmp_path: Path) -> None:
    (tmp_path / "app.scope").mkdir()
    events = "low 0\nhigh 0\nmax 8\noom 2\noom_kill 1\noom_group_kill 0\n"
    (tmp_path / "app.scope" / "memory.events").write_text(events)
    assert memory_kills("/app.scope", tmp_path) == 1
    assert memory_kills("/gone.scope", tmp_path) is None
    assert memory_kills("", tmp_path) is None
    assert read_kills("nothing of the kind") is None
