"""The base model and its tokenizer, as the recipe asks for them."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from ftworkbench.errors import InputError
from ftworkbench.machine import this_machine
from ftworkbench.paths import model_folder
from ftworkbench.recipe.remote_code import require_confirmed
from ftworkbench.recipe.tables import Recipe
from ftworkbench.worker.attention import loaded_with
from ftworkbench.worker.configs import quantization_config
from ftworkbench.workspace import Workspace

GIB = 2**30
_NF4_WIDTH = 64  # the CPU kernels of bitsandbytes take rows of whole blocks only
_ABOUT_FILES = ("cache_dir", "code_revision", "force_download", "local_files_only", "proxies", "subfolder")
_ADAPTERS = ("lora_", "ia3_")  # how PEFT names what it adds
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True)
class Place:
    """Where a model comes from: `name` is a folder or a hub id; `options` go to every from_pretrained."""

    name: str
    folder: Path | None
    options: dict[str, Any]


def place_of(recipe: Recipe, workspace: Workspace) -> Place:
    """Where the recipe's model is. Raises InputError for a folder that is no model's, or code that is not confirmed."""
    require_confirmed(recipe.model, workspace.root)  # again: it may have changed since the launch
    folder = model_folder(recipe.model.model_id, workspace.root)
    options: dict[str, Any] = {name: recipe.model.extra[name] for name in _ABOUT_FILES if name in recipe.model.extra}
    options["trust_remote_code"] = recipe.model.trust_remote_code
    if folder is None:
        if recipe.model.revision is not None:
            options["revision"] = recipe.model.revision
        return Place(recipe.model.model_id, None, options)
    inside = folder / str(options.get("subfolder", ""))
    _require_files(inside)
    return Place(str(folder), folder, options)


def _require_files(folder: Path) -> None:
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        raise InputError(f"model.model_id: {folder} is an adapter; give the base model that it belongs to")
    if not (folder / "config.json").is_file():
        raise InputError(f"model.model_id: {folder} has no config.json, so it is not a model's folder")
    if any(folder.glob("*.safetensors")):
        return
    if any(path.suffix in _PICKLES for path in folder.iterdir()):
        raise InputError(
            f"model.model_id: {folder} holds its weights as a pickle, which can run any code; load it once where you "
            "trust it and save it with save_pretrained, which writes safetensors"
        )
    raise InputError(f"model.model_id: {folder} has no weights (*.safetensors)")


def load_tokenizer(recipe: Recipe, workspace: Workspace) -> Any:
    """The model's tokenizer, with the eos token and chat template that the recipe says, if it says them."""
    place = place_of(recipe, workspace)
    tokenizer = AutoTokenizer.from_pretrained(place.name, **place.options)
    eos = recipe.train.extra.get("eos_token")
    if eos is not None:
        if eos not in tokenizer.get_vocab():
            raise InputError(f"train.eos_token: {eos!r} is no token of {recipe.model.model_id}")
        tokenizer.eos_token = eos
    template = recipe.train.extra.get("chat_template_path")
    if template is not None:
        path = workspace.root / str(template)
        try:
            tokenizer.chat_template = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InputError(f"train.chat_template_path: {path} cannot be read: {error.strerror}") from None
    return tokenizer


def ends(recipe: Recipe, workspace: Workspace, tokenizer: Any) -> frozenset[int]:
    """The tokens at which generation stops: those of the generation config, else of the config or tokenizer."""
    place = place_of(recipe, workspace)
    try:
        found = GenerationConfig.from_pretrained(place.name, **place.options).eos_token_id
    except OSError:
        found = getattr(AutoConfig.from_pretrained(place.name, **place.options), "eos_token_id", None)
    ids = set(found) if isinstance(found, list | tuple) else {found}
    if recipe.train.extra.get("eos_token") is not None or ids == {None}:
        ids.add(tokenizer.eos_token_id)
    return frozenset(each for each in ids if each is not None)


def load_base(
    recipe: Recipe, workspace: Workspace, device: str, *, quantized: bool = True, dtype: str | None = None
) -> Any:
    """The base model, ready on the device and in evaluation mode.

    `quantized` False leaves [quantization] out; `dtype` replaces the recipe's. Raises InputError for what is
    no causal language model, or cannot be quantized here.
    """
    set_threads(recipe, device)
    place = place_of(recipe, workspace)
    config = AutoConfig.from_pretrained(place.name, **place.options)
    if config.model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not recipe.model.trust_remote_code:
        kind = config.model_type
        raise InputError(f"model.model_id: {recipe.model.model_id} is a {kind} model, which writes no text")
    quantization = quantization_config(recipe) if quantized else None
    extra = {name: value for name, value in recipe.model.extra.items() if name not in place.options}
    options: dict[str, Any] = {**place.options, **extra, "use_safetensors": True}
    options["dtype"] = getattr(torch, dtype or recipe.model.dtype or "float32")
    if recipe.model.attn_implementation:
        options["attn_implementation"] = loaded_with(recipe.model.attn_implementation)
    if quantization is not None:
        _require_quantizable(recipe, config, device)
        options |= {"quantization_config": quantization, "device_map": {"": 0 if device == "cuda" else "cpu"}}
    model = AutoModelForCausalLM.from_pretrained(place.name, **options)
    if quantization is None:
        model = model.to(device)
    elif device == "cpu":
        _keep_gradients(model)
    return model.eval()


def _keep_gradients(model: Any) -> None:
    """Keeps bitsandbytes from packing 4-bit weights for inference at the first forward pass without gradients.

    It does so where the CPU has AVX512-BF16, for good, and packed weights pass no gradient on: training after
    an evaluation would go wrong in silence.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def set_threads(recipe: Recipe, device: str) -> None:
    """As many CPU threads as the recipe says, or one for each core."""
    if device == "cpu":
        torch.set_num_threads(recipe.launch.threads or this_machine().cores)


def _require_quantizable(recipe: Recipe, config: Any, device: str) -> None:
    if device != "cpu" or not recipe.quantization.load_in_4bit:
        return
    for name in ("hidden_size", "intermediate_size"):
        width = getattr(config, name, None)
        if isinstance(width, int) and width % _NF4_WIDTH:
            raise InputError(
                f"quantization.load_in_4bit: {recipe.model.model_id} has {name} {width}, and on a CPU it must be a "
                f"multiple of {_NF4_WIDTH}; say load_in_4bit = false"
            )


def parameters(model: Any) -> tuple[int, int]:
    """How many parameters the model has without its adapter, and how many of all are trained.

    A 4-bit weight counts as the numbers that it stands for.
    """
    total = trained = 0
    for name, each in model.named_parameters():
        count = each.numel()
        if type(each).__name__ == "Params4bit":
            count = each.quant_state.shape.numel() if each.quant_state is not None else 2 * count
        if each.requires_grad:
            trained += count
        if not each.requires_grad and not any(part in name for part in _ADAPTERS):
            total += count
    return total, trained


def reset_peak(device: str) -> None:
    """Begins to watch for a new peak."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")  # see proc(5): resets the peak resident set size
    except OSError:
        return  # not allowed here: the peak is then that of the whole process


def give_back_memory(device: str) -> None:
    """Frees what nothing holds any more: circles of objects, and on CUDA what PyTorch keeps for later."""
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()


def peak(device: str) -> float:
    """The peak memory since it was last reset, in GiB."""
    if device == "cuda":
        return float(torch.cuda.max_memory_allocated()) / GIB
    return _resident("VmHWM")


def memory(device: str) -> float:
    """The memory in use now (on CUDA its peak, which is what has to fit), in GiB."""
    return peak(device) if device == "cuda" else _resident("VmRSS")


def _resident(name: str) -> float:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / GIB
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
