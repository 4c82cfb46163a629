"""Personal data and secrets are found by form and check digits, and never shown whole."""

from __future__ import annotations

import pytest

from ftworkbench.data.checks.personal import find_personal


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("write to joan.hollis83@example.org.", "an e-mail address"),
        ("the card is 4111 1111 1111 1111.", "a card number"),
        ("card 5500-0000-0000-0004 was charged", "a card number"),
        ("amex 378282246310005", "a card number"),
        ("pay to DE89 3704 0044 0532 0130 00 please", "an IBAN"),
        ("IBAN GB82WEST12345698765432", "an IBAN"),
        ("ring +44 20 7946 0958", "a phone number"),
        ("my number is (555) 123-4567", "a phone number"),
        ("555-123-4567 after six", "a phone number"),
        ("phone: 0171 123 4567", "a phone number"),
        ("the key is sk-proj-abcdefghijklmnopqrstuvwx0123", "an API key"),
        ("token ghp_abcdefghijklmnopqrstuvwxyz0123456789", "a GitHub token"),
        ("AKIAIOSFODNN7EXAMPLE", "an AWS key"),
        ("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "a Hugging Face token"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
    ],
)
def test_it_is_found_named_and_not_shown_whole(text: str, what: str) -> None:
    (found,) = find_personal(text)
    assert found.what == what
    longest = max((word.strip(".") for word in text.split()), key=len)
    assert what == "a private key" or len(longest) < 5 or longest not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112 has the wrong colour",
        "my order number is 1234567890123456",
        "order 555-123-4567",
        "order no. 0171 123 4567",
        "tracking 1Z999AA10123456784",
        "on 2026-11-25 at 10:20:30",
        "it costs 1,299.00 or 3.14159265358979",
        "0000 0000 0000 0000",
        "model XJ-4400, serial 8834-2291-0021",
        "me @ home, 5 @ 3",
        "DE00 3704 0044 0532 0130 00",
        "two parcels, 20 days, 150 euros, floor 3",
        "IP 192.168.100.200 and version 10.2.33.4",
    ],
)
def test_numbers_that_only_look_like_it_are_left_alone(text: str) -> None:
    assert find_personal(text) == []


def test_the_same_address_twice_is_named_once() -> None:
    assert len(find_personal("a@b.org, a@b.org and x@y.com")) == 2
