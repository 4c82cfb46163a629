"""The names of the installed libraries' own options, read from their source: importing them takes seconds."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ftworkbench.errors import InputError
from ftworkbench.printable import one_line

_SOURCES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "quantization": (("transformers", "utils/quantization_config.py", "BitsAndBytesConfig"),),
    "lora": (
        ("peft", "config.py", "PeftConfigMixin"),
        ("peft", "config.py", "PeftConfig"),
        ("peft", "tuners/lora/config.py", "LoraConfig"),
    ),
    "ia3": (
        ("peft", "config.py", "PeftConfigMixin"),
        ("peft", "config.py", "PeftConfig"),
        ("peft", "tuners/ia3/config.py", "IA3Config"),
    ),
    "train": (
        ("transformers", "training_args.py", "TrainingArguments"),
        ("trl", "trainer/base_config.py", "_BaseConfig"),
        ("trl", "trainer/sft_config.py", "SFTConfig"),
    ),
}

_FROM_PRETRAINED = {
    "allow_all_kernels": "Allow kernels from outside the trusted organisation.",
    "cache_dir": "The folder that models are downloaded to.",
    "code_revision": "Branch, tag or commit of the code that comes with the model.",
    "disable_mmap": "Read the weights instead of mapping the files.",
    "experts_implementation": "How a mixture of experts is computed.",
    "force_download": "Download again what is there already.",
    "ignore_mismatched_sizes": "Start weights of another shape at random.",
    "key_mapping": "New names for weights, as a table of patterns.",
    "local_files_only": "Never ask the hub.",
    "max_memory": "The most memory for each device.",
    "offload_buffers": "Offload buffers along with the weights.",
    "offload_folder": "The folder for weights that fit nowhere else.",
    "proxies": "Proxies by protocol.",
    "subfolder": "The folder inside the repository that holds the model.",
    "use_kernels": "Use kernels from the hub where there are some.",
    "variant": "The variant of the weight files, as fp16.",
}


_PLAIN: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "str": ("text", lambda value: isinstance(value, str)),
}


@dataclass(frozen=True)
class LibraryOption:
    """An option as the library's source declares it; `type` and `default` are source text."""

    name: str
    type: str
    default: str
    help: str


@cache
def library_fields(table: str) -> dict[str, LibraryOption]:
    """The options that the library behind `table` takes, by name; empty for a table that is no library's.

    For `from_pretrained`, which takes anything, a list of ours. Raises InputError for a missing library.
    """
    if table == "model":
        return {name: LibraryOption(name, "", "", text) for name, text in _FROM_PRETRAINED.items()}
    found: dict[str, LibraryOption] = {}
    for package, path, name in _SOURCES.get(table, ()):
        declared = _class(_package(package) / path, name)
        init = next((part for part in declared.body if _is_function(part, "__init__")), None)
        found |= _fields(declared) if init is None else _parameters(init)
    return found


def library_options(table: str) -> frozenset[str]:
    """The names of `library_fields`."""
    return frozenset(library_fields(table))


def value_problem(table: str, name: str, value: Any) -> str | None:
    """What is wrong with a value for a library's option, by the type that its source declares; None where nothing is.

    Only the plain types are looked at: what else an option takes is the library's to say.
    """
    field = library_fields(table).get(name)
    if field is None:
        return None
    kind = field.type.removeprefix("Optional[").removesuffix("]").removesuffix(" | None")
    if not kind and field.default in ("True", "False"):
        kind = "bool"
    words, fits = _PLAIN.get(kind, ("", lambda _: True))
    return None if fits(value) else f"must be {words}, not {one_line(str(value), 60)}"


@cache
def library_mapping(package: str, path: str, name: str) -> Mapping[str, Any]:
    """A mapping of literals that a module of a library declares. Raises InputError where it has none of that name."""
    file = _package(package) / path
    for part in _module(file).body:
        if isinstance(part, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == name for each in part.targets
        ):
            return dict(ast.literal_eval(part.value))
    raise InputError(f"{file}: has no {name}; this version of the library is not one that is known here")


@cache
def library_values(package: str, path: str, name: str) -> tuple[str, ...]:
    """The texts that an enumeration of a library has. Raises InputError where it has none of that name."""
    found = []
    for part in _class(_package(package) / path, name).body:
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
            found.append(part.value.value)
    return tuple(found)


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise InputError(f"{name} is not installed, so that its options cannot be checked; pip install {name}")
    return Path(spec.origin).parent


@cache
def _module(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _class(path: Path, name: str) -> ast.ClassDef:
    for part in _module(path).body:
        if isinstance(part, ast.ClassDef) and part.name == name:
            return part
    raise InputError(f"{path}: has no class {name}; this version of the library is not one that is known here")


def _is_function(part: ast.stmt, name: str) -> bool:
    return isinstance(part, ast.FunctionDef) and part.name == name


def _fields(declared: ast.ClassDef) -> dict[str, LibraryOption]:
    found = {}
    for part in declared.body:
        if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name):
            continue
        kind = ast.unparse(part.annotation)
        if kind.startswith("ClassVar") or not _is_settable(part.value):
            continue
        default, text = _default_and_help(part.value)
        found[part.target.id] = LibraryOption(part.target.id, kind, default, text)
    return found


def _is_settable(value: ast.expr | None) -> bool:
    return not isinstance(value, ast.Call) or not any(
        word.arg == "init" and isinstance(word.value, ast.Constant) and word.value.value is False
        for word in value.keywords
    )


def _default_and_help(value: ast.expr | None) -> tuple[str, str]:
    if not isinstance(value, ast.Call):
        return ("" if value is None else ast.unparse(value)), ""
    default, text = "", ""
    for word in value.keywords:
        if word.arg in ("default", "default_factory"):
            default = ast.unparse(word.value)
        elif word.arg == "metadata" and isinstance(word.value, ast.Dict):
            for key, part in zip(word.value.keys, word.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "help":
                    text = _literal_text(part)
    return default, text


def _literal_text(value: ast.expr) -> str:
    try:
        return " ".join(str(ast.literal_eval(value)).split())
    except ValueError:
        return ""


def _parameters(init: ast.stmt) -> dict[str, LibraryOption]:
    assert isinstance(init, ast.FunctionDef)
    names = init.args.args[1:]
    defaults = init.args.defaults[-len(names) :]
    return {
        name.arg: LibraryOption(
            name.arg, ast.unparse(name.annotation) if name.annotation else "", ast.unparse(each), ""
        )
        for name, each in zip(names, defaults, strict=True)
    }
