"""Start-up stays light, and heavy libraries stay where they belong: looked up in fresh processes."""

import subprocess
import sys

import pytest

HEAVY = {"torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate"}
SLOW_TO_IMPORT = {
    "polars", "scipy", "rensa", "plotext", "tomlkit", "numpy", "pandas", "huggingface_hub", "bm25s", "openai", "httpx2",
    "sacrebleu", "jsonschema_rs",
}  # fmt: skip
LOOK = "import sys; print('\\n'.join(sorted({name.partition('.')[0] for name in sys.modules})))"


def imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOOK}"], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_the_help_imports_nothing_heavy() -> None:
    code = "from ftworkbench.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    found = imported_by(code)
    assert not found & (HEAVY | SLOW_TO_IMPORT | {"textual", "rich"})


def test_the_workbench_starts_without_heavy_libraries() -> None:
    found = imported_by("import ftworkbench.tui.app")
    assert "textual" in found
    assert not found & (HEAVY | SLOW_TO_IMPORT)


@pytest.mark.parametrize(
    "command",
    ["train", "evaluate", "demo", "jobs", "check", "fit", "doctor", "merge", "compare", "rerun", "queue", "flips"],
)
def test_a_command_imports_no_torch_and_no_textual(command: str) -> None:
    found = imported_by(f"import ftworkbench.commands.{command}")
    assert not found & (HEAVY | {"textual"})
