"""Secrets are hidden by their value, however a text spells it."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from streams.telemetry import secrets
from streams.telemetry.secrets import forget, hide, masked

SECRET = "open/sesame+7 %&'\"\\ü"  # noqa: S105  no real one


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of another test."""
    monkeypatch.setattr(secrets, "_spellings", {})
    monkeypatch.setattr(secrets, "_owners", Counter())
    monkeypatch.setattr(secrets, "_pattern", None)


def basic(secret: str) -> str:
    """As a header of HTTP has it."""
    return base64.b64encode(f"alice:{secret}".encode()).decode()


@pytest.mark.parametrize(
    "spelled",
    [
        str,
        repr,
        json.dumps,
        quote,
        quote_plus,
        lambda secret: quote(secret, safe="").lower(),
        lambda secret: f"https://alice:{quote(secret, safe='')}@kafka:9092/",
        lambda secret: repr(f"\0alice\0{secret}".encode()),
        lambda secret: repr({"sasl_plain_password": secret}),
        lambda secret: secret.encode().hex(),
        lambda secret: base64.b64encode(f"\0alice\0{secret}".encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(f"bob:{secret}:".encode()).decode(),
        basic,
    ],
)
def test_each_spelling(spelled: Callable[[str], str]) -> None:
    """As it is, as Python, JSON, a URL, the wire and a header show it."""
    hide(SECRET)
    text = masked(f"before {spelled(SECRET)} after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert secrets.MASK in text
    assert "sesame" not in text
    assert base64.b64encode(b"sesame").decode()[:6] not in text


def test_what_is_no_secret_any_more_is_forgotten() -> None:
    """Once nobody has use for it; what others hide stays hidden, and so do other secrets."""
    other = "another-secret"
    for each in (SECRET, SECRET, other):
        hide(each)
    forget(SECRET)
    assert SECRET not in masked(f"a {SECRET}")
    forget(SECRET)
    forget(SECRET)
    assert masked(f"a {SECRET}, {other}") == f"a {SECRET}, {secrets.MASK}"
    forget(other)
    assert masked(other) == other


def test_nothing_else() -> None:
    """A text without a secret stays as it is, and so does each while there is none."""
    assert masked("the broker closed the connection") == "the broker closed the connection"
    hide("")
    hide(SECRET)
    assert masked("the broker closed the connection") == "the broker closed the connection"


def test_a_short_one_is_a_word() -> None:
    """Text with its letters stays readable; where it stands alone, it is hidden."""
    hide("a")
    assert masked("password=a, a user") == f"password={secrets.MASK}, {secrets.MASK} user"
    assert masked("nothing was said") == "nothing was said"


def test_the_longer_one_first() -> None:
    """One secret that begins as another one leaves nothing of either."""
    hide("hunter2")
    hide("hunter2-and-more")
    assert masked("x hunter2-and-more y hunter2 z") == f"x {secrets.MASK} y {secrets.MASK} z"
