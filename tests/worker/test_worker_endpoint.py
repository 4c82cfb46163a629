"""What an endpoint's failures are called, and how long one waits for it."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import httpx2
import openai
import pytest

from ftworkbench.errors import JobError
from ftworkbench.evaluate.contestants import Endpoint
from ftworkbench.worker.endpoint_faults import as_fault, retry_after, told
from ftworkbench.worker.endpoint_reply import FailedError, RefusedError, counted

THERE = Endpoint("http://h/v1", "big")


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, code: str | None = None) -> Any:
    request = httpx2.Request("POST", "http://h/v1/chat/completions")
    response = httpx2.Response(status, headers=headers or {}, request=request)
    kind = {429: openai.RateLimitError, 401: openai.AuthenticationError}.get(status, openai.APIStatusError)
    return kind(message, response=response, body={"message": message, "code": code})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After-Ms": "250", "Retry-After": "7"}, 0.25),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "inf"}, None),
    ],
)
def test_how_long_the_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(error(429, headers=headers)) == seconds


def test_a_date_to_wait_for_is_seconds_from_now() -> None:
    later = retry_after(error(503, headers={"Retry-After": formatdate(time.time() + 60, usegmt=True)}))
    assert later is not None
    assert 57 < later <= 60


@pytest.mark.parametrize(
    ("status", "kind", "answered", "text"),
    [
        (400, RefusedError, False, "refused 400: no"),
        (413, RefusedError, False, "refused 413: no"),
        (404, JobError, False, "are endpoint and model right?"),
        (404, RefusedError, True, "refused 404: no"),
        (403, JobError, False, "may the key do this?"),
        (401, JobError, True, "is the key right?"),
        (429, FailedError, True, "rate limit: no"),
        (503, FailedError, True, "server error 503: no"),
        (408, FailedError, True, "server error 408: no"),
    ],
)
def test_each_status_is_a_row_to_ask_again_or_a_refusal_or_the_end(
    status: int, kind: type, answered: bool, text: str
) -> None:
    found = as_fault(error(status), THERE, "", answered=answered)
    assert isinstance(found, kind)
    assert text in str(found)


def test_no_money_left_ends_it_whatever_the_status() -> None:
    found = as_fault(error(429, "You exceeded your quota", code="insufficient_quota"), THERE, "", answered=True)
    assert isinstance(found, JobError)
    assert "no money left" in str(found)


def test_what_a_server_says_is_one_line_without_the_key() -> None:
    assert told("wrong key sk-1\nsk-1", "sk-1") == "wrong key …⏎…"
    assert told("none of it", "") == "none of it"


def test_failures_are_counted_by_their_names() -> None:
    assert counted(["timeout: 3 s", "gone: x", "timeout: 4 s"]) == "2 timeout, 1 gone"
