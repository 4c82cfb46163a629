"""The options of a model behind an OpenAI-compatible server, which a contestant and a judge have alike."""

from __future__ import annotations

import re
from typing import Any, Protocol
from urllib.parse import urlsplit

from ftworkbench.recipe.declare import option

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_KEY = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{20,}")  # as those of some clouds are: capitals and digits, and no word
_PRICES = ("price_per_million_input", "price_per_million_output")
_OF_ENDPOINT = ("model", "api_key_env", *_PRICES, "budget")
_NO_ADDRESS = "endpoint", "must be an address, as http://localhost:8000/v1"


class EndpointTable(Protocol):
    """A table with these options."""

    @property
    def endpoint(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def api_key_env(self) -> str | None: ...
    @property
    def timeout(self) -> float: ...
    @property
    def concurrency(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def allow_failed(self) -> float: ...
    @property
    def price_per_million_input(self) -> float | None: ...
    @property
    def price_per_million_output(self) -> float | None: ...
    @property
    def budget(self) -> float | None: ...


# Each gives a field of its own: a table's fields know their names.


def model_there() -> Any:
    return option(None, help="The name of the model there.")


def key_variable() -> Any:
    return option(
        None,
        help="The NAME of the environment variable that holds the key, as OPENAI_API_KEY. The key itself stands in no "
        "file.",
    )


def longest_wait(of: str) -> Any:
    return option(
        120.0,
        help=f"The longest that one {of} may take, to its last token.",
        unit="seconds",
        low=0,
        high=86_400,
        open_ends="low",
    )


def at_once() -> Any:
    return option(4, help="So many requests are under way at once.", unit="requests", low=1, high=256)


def tries_again() -> Any:
    return option(
        4,
        help="So often a request is tried again, ever later, where the server fails; an hour of its own rate limit "
        "(Retry-After) is waited for besides.",
        unit="times",
        low=0,
        high=20,
    )


def price_of(tokens: str) -> Any:
    return option(None, help=f"The price of a million tokens of {tokens}, in your own currency.", low=0)


def endpoint_problem(table: EndpointTable) -> tuple[str, str] | None:
    """The option, and what is wrong between it and others, in words; no secret is repeated in them."""
    if table.endpoint is None:
        lost = next((name for name in _OF_ENDPOINT if getattr(table, name) is not None), None)
        return (lost, "belongs to endpoint, which is not said") if lost else None
    if not table.model:
        return "model", "is missing: what the server of endpoint calls the model"
    if table.budget is not None and None in (table.price_per_million_input, table.price_per_million_output):
        return "budget", f"needs {' and '.join(_PRICES)} beside it"
    return _address_problem(table.endpoint, table.api_key_env)


def _address_problem(endpoint: str, api_key_env: str | None) -> tuple[str, str] | None:
    if api_key_env is not None and (not _VARIABLE.fullmatch(api_key_env) or _KEY.match(api_key_env)):
        words = "must be the NAME of an environment variable, in capitals, as OPENAI_API_KEY"
        return "api_key_env", f"{words}; a key itself must not stand in a recipe"
    try:
        address = urlsplit(endpoint)
        right = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        return _NO_ADDRESS
    if address.username or address.password or address.query or address.fragment:
        return "endpoint", "must have no user, password or query in it; a key comes from api_key_env"
    return None if right else _NO_ADDRESS
