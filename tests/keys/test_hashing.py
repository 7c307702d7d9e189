"""Keys are what the page about them says, so that others can make them too."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

import pytest

from streams.keys.hashing import Keys

SECRET = b"0123456789abcdef"


def test_a_key_is_the_beginning_of_an_hmac() -> None:
    """Made here as docs/keys.md says, with the standard library alone."""
    for domain, made in (
        ("address", Keys(SECRET).address("4403|南山|科技路1-3栋502")),
        ("address-id", Keys(SECRET).address_id("4403|南山|科技路1-3栋502")),
        ("person", Keys(SECRET).person("4403|南山|科技路1-3栋502")),
    ):
        text = f"shipsentry:{domain}:1\0" + "4403|南山|科技路1-3栋502"
        assert made == hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()[:32]


def test_the_page_shows_what_is_made() -> None:
    """Each row of its example."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "keys.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| `(.+)` \| `([0-9a-f]{32})` \|$", text, re.MULTILINE)
    keys = Keys(b"an example, 16 bytes or more")
    make = {"address": keys.address, "address-id": keys.address_id, "person": keys.person}
    assert {domain for domain, _, _ in rows} == set(make)
    for domain, shown, key in rows:
        assert make[domain](shown.replace("\\|", "|")) == key


def test_domains_and_secrets_are_apart() -> None:
    """One text as an address, an id and a person, and with another secret: four keys."""
    one, two = Keys(SECRET), Keys(SECRET + b"!")
    keys = {one.address("x"), one.address_id("x"), one.person("x"), two.address("x")}
    assert len(keys) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)


def test_a_short_secret_is_refused_without_being_told() -> None:
    """15 bytes are too few, 16 do."""
    with pytest.raises(ValueError, match="15 bytes: at least 16") as error:
        Keys(SECRET[:15])
    assert SECRET[:15].decode() not in str(error.value)
    assert Keys(SECRET).person("x")
