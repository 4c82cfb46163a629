"""Personal data and secrets in texts: found by their form and their check digits, never shown whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

_Span = tuple[int, int]


@dataclass(frozen=True)
class Found:
    """A piece of personal data: what it is, and as much of it as helps to find it."""

    what: str
    hint: str

    def __str__(self) -> str:
        return f"{self.what} {self.hint}"


_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.)+[A-Za-z]{2,24})(?![\w-])")
_DIGITS = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<!\w)([A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8})(?!\w)")
# With a country code, or in brackets, or as three groups: bare runs of digits are order numbers.
_PHONES = re.compile(
    r"(?<![\w+-])(?<!\d )(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ .()/-]{0,2}\d){7,12}"
    r"|\(0?\d{2,4}\)[ .-]?\d{3,4}[ .-]?\d{3,4}"
    r"|[2-9]\d{2}([ .-])\d{3}\1\d{4}"
    r"|0[1-9]\d{1,3}[ /-]\d{3,4}[ -]?\d{3,5}"
    r")(?![\w-]| \d)"
)
_NOT_A_PHONE = re.compile(
    r"\b(?:order|invoice|ticket|case|tracking|parcel|reference|ref|serial|article|item|no|nr|number|id)"
    r"\b[ #:.]*$",
    re.IGNORECASE,
)
_SAYS_PHONE = re.compile(r"\b(?:phone|mobile|cell|telephone|tel|call|fax|whatsapp)\b[^.!?]*$", re.I)
# What a secret is, what each of its kind holds (searched first, being a hundred times as quick), and its form.
_SECRETS = (
    ("an API key", ("sk-",), re.compile(r"\bsk-(?:[a-z]{2,6}-)?[A-Za-z0-9_-]{20,}")),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})"),
    ),
    ("a GitLab token", ("glpat-",), re.compile(r"\bglpat-[\w-]{20,}")),
    ("a Hugging Face token", ("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("an AWS key", ("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a Google key", ("AIza",), re.compile(r"\bAIza[\w-]{35}")),
    ("a Slack token", ("xox",), re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Stripe key", ("k_live_", "k_test_"), re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a web token", ("eyJ",), re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("a private key", ("PRIVATE KEY",), re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")),
)
_MARKS = tuple((mark, what, form) for what, marks, form in _SECRETS for mark in marks)
# Every number that is looked for has seven digits close together, and is no longer than this around them.
_ANY_DIGITS = re.compile(r"\d(?:[ ()./-]{0,2}\d){6}")
_AROUND = 60
_MAY_HOLD = "|".join((r"[0-9](?:[ ()./-]{0,2}[0-9]){6}", "@", *(re.escape(mark) for mark, _, _ in _MARKS)))


def may_hold_personal(texts: Sequence[str]) -> list[int]:
    """The places of the texts in which `find_personal` may find something, by a quick look at all of them."""
    import polars

    found: list[int] = polars.Series(texts, dtype=polars.String).str.contains(_MAY_HOLD).arg_true().to_list()
    return found


def find_personal(text: str) -> list[Found]:
    """What is personal or secret in a text: e-mail addresses, card, IBAN and phone numbers, keys, tokens."""
    found: list[Found] = []
    if "@" in text:
        found += [Found("an e-mail address", _email_hint(m[1], m[2])) for m in _EMAIL.finditer(text)]
    for mark, what, form in _MARKS:
        if mark in text:
            found += [Found(what, f"({m[0][:4]}\u2026)") for m in form.finditer(text)]
    spans = _around_digits(text)
    if spans:
        found += _numbers(text, spans)
    return list(dict.fromkeys(found))


def _email_hint(name: str, domain: str) -> str:
    return f"({name[0]}\u2026@\u2026.{domain.rsplit('.', 1)[1]})"


def _around_digits(text: str) -> list[_Span]:
    """The parts of a text that may hold a number, in order and apart."""
    spans: list[_Span] = []
    for match in _ANY_DIGITS.finditer(text):
        start, end = max(match.start() - _AROUND, 0), match.end() + _AROUND
        if spans and start <= spans[-1][1]:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _matches(form: re.Pattern[str], text: str, spans: list[_Span]) -> Iterator[re.Match[str]]:
    return chain.from_iterable(form.finditer(text, *span) for span in spans)


def _numbers(text: str, spans: list[_Span]) -> Iterator[Found]:
    taken: list[_Span] = []
    for match in _matches(_IBAN, text, spans):
        compact = match[1].replace(" ", "")
        if 15 <= len(compact) <= 34 and _iban_holds(compact):
            taken.append(match.span())
            yield Found("an IBAN", f"({compact[:2]}\u2026{compact[-2:]})")
    for match in _matches(_DIGITS, text, spans):
        digits = re.sub(r"\D", "", match[0])
        if digits[0] in "3456" and not _inside(match.span(), taken) and luhn_holds(digits):
            taken.append(match.span())
            yield Found("a card number", f"(\u2026{digits[-4:]})")
    for match in _matches(_PHONES, text, spans):
        before = text[max(0, match.start() - 40) : match.start()]
        said_otherwise = _NOT_A_PHONE.search(before) and not _SAYS_PHONE.search(before)
        if not said_otherwise and not _inside(match.span(), taken):
            yield Found("a phone number", f"(\u2026{re.sub(r'[^0-9]', '', match[0])[-2:]})")


def _inside(span: _Span, taken: list[_Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def luhn_holds(digits: str) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1); one digit repeated never is."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        value = digit * 2 if place % 2 else digit
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def _iban_holds(compact: str) -> bool:
    """Whether the check digits are right (ISO 13616: modulo 97)."""
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
