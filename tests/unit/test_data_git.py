"""Two people decide, each in a clone of their own, and git merges their ledgers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ftworkbench.data.review.git import merge_ledgers_by_union
from ftworkbench.data.review.ledger import Ledger
from ftworkbench.demo.workspace import make_demo
from ftworkbench.steps.check import check_paths
from ftworkbench.steps.init import make_workspace
from ftworkbench.workspace import Workspace

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
ROW = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'


def git(folder: Path, *words: str, ends_with: int = 0) -> None:
    """Runs git, whatever this machine has configured for it."""
    who = {
        f"GIT_{role}_{what}": f"{what}@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who}
    done = subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == ends_with, done.stderr + done.stdout


def decided_in_two_clones(tmp_path: Path, *, by_union: bool) -> tuple[Path, Path]:
    """Ann's and Bob's clones of a workspace in which both have decided and committed since."""
    origin, ann, bob = (tmp_path / name for name in ("origin", "ann", "bob"))
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    Ledger.open(origin / "ledger.jsonl", by="ann").decide("first", "accept")
    if by_union:
        merge_ledgers_by_union(Workspace(origin))
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "a workspace")
    for clone in (ann, bob):
        git(tmp_path, "clone", "-q", str(origin), str(clone))
    hers, his = Ledger.open(ann / "ledger.jsonl", by="ann"), Ledger.open(bob / "ledger.jsonl", by="bob")
    hers.decide("a", "reject")
    his.decide_all(["b", "c"], "reject")
    hers.decide("both", "reject")
    his.decide("both", "accept")
    for clone in (ann, bob):
        git(clone, "commit", "-qam", "decided")
    return ann, bob


def statuses(folder: Path) -> list[str]:
    ledger = Ledger.open(folder / "ledger.jsonl", by="bob")
    return [ledger.state(key).status for key in ("first", "a", "b", "c", "both")]


@needs_git
def test_two_clones_merge_without_a_conflict_and_all_decisions_stand(tmp_path: Path) -> None:
    ann, bob = decided_in_two_clones(tmp_path, by_union=True)
    git(ann, "pull", "-q", "--no-rebase", str(bob), "main")
    git(bob, "pull", "-q", "--no-rebase", str(ann), "main")
    for folder in (ann, bob):
        assert b"<<<<" not in (folder / "ledger.jsonl").read_bytes()
        assert statuses(folder) == ["accepted", "rejected", "rejected", "rejected", "accepted"]
        assert Ledger.open(folder / "ledger.jsonl").unread == 0
    ledger = Ledger.open(ann / "ledger.jsonl", by="bob")
    ledger.undo()
    assert ledger.undo().keys == ("b", "c")
    assert statuses(ann) == ["accepted", "rejected", "unreviewed", "unreviewed", "rejected"]


@needs_git
@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_the_lines_on_both_sides_of_conflict_markers_count(tmp_path: Path, style: str) -> None:
    ann, bob = decided_in_two_clones(tmp_path, by_union=False)
    git(ann, "-c", f"merge.conflictStyle={style}", "pull", "-q", "--no-rebase", str(bob), "main", ends_with=1)
    assert b"<<<<<<<" in (ann / "ledger.jsonl").read_bytes()
    assert statuses(ann) == ["accepted", "rejected", "rejected", "rejected", "accepted"]
    (ann / "rows.jsonl").write_text(ROW)
    assert "unread-ledger" in {one.kind for one in check_paths([ann / "rows.jsonl"]).files[0].advice}
    Ledger.open(ann / "ledger.jsonl", by="ann").decide("first", "reject")
    assert statuses(ann)[0] == "rejected"


@pytest.mark.parametrize(
    ("there", "after"),
    [
        (None, "ledger.jsonl merge=union\n"),
        ("*.parquet binary", "*.parquet binary\nledger.jsonl merge=union\n"),
        ("ledger.jsonl text\n", "ledger.jsonl text\nledger.jsonl merge=union\n"),
        ("/ledger.jsonl merge=mine\n", "/ledger.jsonl merge=mine\n"),
        ("ledger.jsonl -merge\n", "ledger.jsonl -merge\n"),
    ],
)
def test_the_attribute_is_added_to_what_stands_there_and_only_once(
    tmp_path: Path, there: str | None, after: str
) -> None:
    path = tmp_path / ".gitattributes"
    if there is not None:
        path.write_text(there)
    for _ in range(2):
        merge_ledgers_by_union(Workspace(tmp_path))
        assert path.read_text() == after


def test_a_new_workspace_and_the_demo_have_the_attribute(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(ROW * 3)
    folder = make_workspace(tmp_path / "new", tmp_path / "rows.jsonl", "pocket").recipe.parent
    for workspace in (Workspace(folder), make_demo(tmp_path / "demo")):
        assert "ledger.jsonl merge=union" in workspace.attributes.read_text()
