"""What libraries say to programmers stays out of the log; what a user may act on does not."""

import subprocess
import sys

SAID = """
import logging, sys, warnings
from ftworkbench.worker.quiet import quiet_libraries

quiet_libraries()
def warn(text, category, module):
    warnings.warn_explicit(text, category, "x.py", 1, module=module)

warn("`old` is deprecated and will be removed in v6. Use `new` instead.", FutureWarning, "transformers.training_args")
logging.getLogger("bitsandbytes.backends.cpu.ops").warning(
    "Failed to load CPU gemm_4bit_forward from kernels-community: %s. Please", "No module"
)
print("---", file=sys.stderr, flush=True)
warn("`old` is deprecated and will be removed in v6.", FutureWarning, "my_model.code")
warn("the loss is not what you think", FutureWarning, "transformers.trainer")
warn("the tokenizer has no pad token", UserWarning, "transformers.tokenization")
logging.getLogger("bitsandbytes.backends.cpu.ops").warning("4-bit is slow on this CPU")
"""


def test_only_known_talk_is_left_out() -> None:
    done = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, timeout=60, check=True)
    left_out, _, kept = done.stderr.partition("---\n")
    assert left_out == ""
    for words in ("removed in v6", "not what you think", "no pad token", "slow on this CPU"):
        assert words in kept
