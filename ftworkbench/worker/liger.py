"""Liger's Triton kernels for norms, rotary places and gated layers, where that package is installed.

TRL's flag for them is deprecated, and what follows it downloads kernels; the package itself takes a model as it is. The
loss is left to TRL, which never has the logits of all tokens at once.
"""

from __future__ import annotations

from typing import Any

from ftworkbench.worker.work import Work


def apply_kernels(work: Work, model: Any) -> None:
    """Gives the model those kernels where the recipe says so; says so where its family has none."""
    if not work.recipe.method.liger_kernels or work.device != "cuda":
        return
    from liger_kernel.transformers import _apply_liger_kernel_to_instance
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    kind = model.config.get_text_config().model_type
    if kind not in MODEL_TYPE_TO_APPLY_LIGER_FN:
        work.notice(f"Liger has no kernels for {kind} models: it is trained without", "no-kernels", level="info")
        return
    _apply_liger_kernel_to_instance(model=model, cross_entropy=False, fused_linear_cross_entropy=False)
