"""A chat template is code of somebody else's: it renders in a sandbox, and within seconds."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest
from tiny import make_tokenizer

from ftworkbench.worker import template as templates
from ftworkbench.worker.template import RenderError, Template
from ftworkbench.worker.time_limit import TookTooLongError, time_limit

CHAT = [{"role": "user", "content": "What colour?"}, {"role": "assistant", "content": "red"}]
ENDLESS = "{%- for a in range(99999) -%}{%- for b in range(99999) -%}{%- for c in range(99999) -%}{%- endfor -%}"
ENDLESS += "{%- endfor -%}{%- endfor -%}"


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tokenizer()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "RENDERS", 0.3)
    templates._overruns.clear()


def template_of(tokenizer: Any, text: str) -> Template:
    tokenizer.chat_template = text
    return Template(tokenizer, frozenset({tokenizer.eos_token_id}))


@pytest.mark.parametrize(
    "text", [ENDLESS, "{{ 9 ** (9 ** (9 * messages|length)) }}", "{% generation %}" + ENDLESS + "{% endgeneration %}"],
    ids=["loops", "a large number", "loops within marks"],
)  # fmt: skip
def test_a_template_that_never_ends_is_an_error_within_seconds(tokenizer: Any, text: str) -> None:
    began = time.monotonic()
    with pytest.raises(RenderError, match="takes longer than"):
        template_of(tokenizer, text).text(CHAT)
    assert time.monotonic() - began < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_template_that_took_too_long_is_not_tried_for_every_row(tokenizer: Any) -> None:
    template = template_of(tokenizer, ENDLESS)
    began = time.monotonic()
    for _ in range(200):
        with pytest.raises(RenderError):
            template.text(CHAT)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ raise_exception.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% set _ = messages.append({'role': 'user', 'content': 'more'}) %}",
        "{% include '/etc/passwd' %}",
        "{{ range(10**9) }}",
    ],
)
def test_a_template_does_not_leave_its_sandbox(tokenizer: Any, text: str) -> None:
    try:
        shown = template_of(tokenizer, text).text(CHAT)
    except RenderError:
        return
    assert shown == ""  # what is not to be had is nothing


def test_the_limit_counts_what_the_thread_computes_and_not_what_it_waits() -> None:
    with time_limit(0.1):
        time.sleep(0.3)
    with pytest.raises(TookTooLongError), time_limit(0.1):
        sum(1 for _ in iter(int, 1))  # which is endless
    assert signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, None)


def test_elsewhere_than_in_the_main_thread_there_is_no_limit_and_no_harm() -> None:
    done = []

    def work() -> None:
        with time_limit(0.01):
            done.append(sum(range(10**6)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
