"""What an error of the library means for a request: to be tried again, refused for good, or the end of all."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import openai

from ftworkbench.errors import JobError, WorkbenchError
from ftworkbench.evaluate.contestants import Endpoint
from ftworkbench.printable import one_line
from ftworkbench.worker.endpoint_reply import REFUSED, FailedError, RefusedError

_LONGEST = 160
_TRY_AGAIN = (408, 409, 425)
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")


def as_fault(error: Exception, endpoint: Endpoint, key: str, *, answered: bool = False) -> WorkbenchError:
    """The failure that an error of the library means. `answered`: the endpoint has answered others before.

    A JobError where every other request would fail as well. The key is in no text.
    """
    if isinstance(error, openai.APIStatusError):
        return _status_fault(error, endpoint, key, answered=answered)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return FailedError(f"timeout: no answer within {endpoint.timeout:g} s")
    if isinstance(error, openai.APIConnectionError | OSError):
        return _connection_fault(error)
    if isinstance(error, openai.APIError):
        return FailedError(f"server error: {_told(error, key)}")
    return FailedError("no answer: what came is not what an OpenAI-compatible server sends")


def _connection_fault(error: Exception) -> FailedError:
    cause: BaseException | None = error
    while cause is not None:
        if type(cause).__name__ in ("ConnectError", "ConnectionRefusedError", "gaierror"):
            return FailedError(f"gone: the endpoint cannot be reached ({one_line(str(cause), 80)})", unreachable=True)
        cause = cause.__cause__ or cause.__context__
    return FailedError("cut off: the connection broke off before the answer")


def _status_fault(error: openai.APIStatusError, endpoint: Endpoint, key: str, *, answered: bool) -> WorkbenchError:
    status, said = error.status_code, _told(error, key)
    if status == 401 or (status in (403, 404) and not answered):
        hint = {401: "is the key right?", 403: "may the key do this?", 404: "are endpoint and model right?"}[status]
        return JobError(f"{endpoint.url}: {endpoint.model}: {status}, {hint} The server says: {said}")
    if error.code in _NO_MONEY:
        return JobError(f"{endpoint.url}: no money left there. The server says: {said}")
    if status == 429:
        return FailedError(f"rate limit: {said}", wait=retry_after(error))
    if status >= 500 or status in _TRY_AGAIN:
        return FailedError(f"server error {status}: {said}", wait=retry_after(error))
    return RefusedError(f"{REFUSED} {status}: {said}")


def _told(error: openai.APIError, key: str) -> str:
    body = error.body
    message = body.get("message") or body.get("detail") if isinstance(body, dict) else None
    return told(str(message or error.message), key)


def told(text: str, key: str) -> str:
    """What a server says, on one line, and without the key."""
    return one_line(text.replace(key, "…") if key else text, _LONGEST)


def retry_after(error: openai.APIStatusError) -> float | None:
    """The seconds that the server asks to wait (Retry-After, RFC 9110: seconds or a date); None where it does not."""
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        return seconds if 0 <= seconds < float("inf") else None
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        return None
