"""The file of feeds: what is wrong is said with its line and field, and never with a secret."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.ingest.feeds import FeedsError, NamedFeed, load_feeds
from streams.telemetry.secrets import masked

SECRET = "long-and-random-7d1f"  # noqa: S105  of this test


def loaded(directory: Path, text: str) -> dict[tuple[str, str], NamedFeed]:
    """The feeds of a text; its variable SALT is set."""
    file = directory / "feeds.toml"
    file.write_text(text, encoding="utf-8")
    return load_feeds(file, {"SALT": SECRET, "EMPTY": ""})


def problems(directory: Path, text: str) -> list[str]:
    """What is wrong with a text, without the file's name."""
    with pytest.raises(FeedsError) as error:
        loaded(directory, text)
    return [each.removeprefix(f"{directory}/feeds.toml:") for each in error.value.problems]


def test_a_feed_has_all_that_its_table_says(tmp_path: Path) -> None:
    """By variable, or by a file without its line end; from then on logs do not show it."""
    (tmp_path / "token").write_text("a-token-in-a-file\n")
    text = f"""
[[feed]]
source = "aftership"
name = "eu-1"
secret_env = "SALT"
default_zone = "Europe/Berlin"
shop_id = "s-1"
platform = "shopify"
scope = "shop"
allow = ["203.0.113.0/24", "2001:db8::1"]
rate_limit = 50
mask_phones = true
codes = {{TL = "unknown"}}

[[feed]]
source = "douyin"
name = "eu-1"
secret_file = "{tmp_path}/token"
app_key = "key"
accept_test = true
"""
    feeds = loaded(tmp_path, text)
    first, second = feeds["aftership", "eu-1"], feeds["douyin", "eu-1"]
    assert first.feed.secret == SECRET
    assert first.feed.default_zone == ZoneInfo("Europe/Berlin")
    assert (first.feed.shop_id, first.feed.platform, first.scope) == ("s-1", "shopify", "shop")
    assert first.allow == (ip_network("203.0.113.0/24"), ip_network("2001:db8::1"))
    assert (first.rate_limit, first.mask_phones) == (50, True)
    assert first.feed.codes == {"TL": "unknown"}
    assert (second.feed.secret, second.feed.app_key) == ("a-token-in-a-file", "key")
    assert (second.feed.accept_test, second.rate_limit, second.allow) == (True, None, ())
    assert SECRET not in masked(f"a line with {SECRET}")
    assert SECRET not in repr(first)


HEAD = '[[feed]]\nsource = "sf"\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            HEAD + 'codes = {TL = "gone"}\n',
            "4: feed.1.codes.TL: 'gone' is no status, and none of words, words/STATUS, "
            "hub/STATUS, -",
        ),
        ("", "1: feed: there is no feed: a table [[feed]] is one"),
        ("[feed]\n", "1: feed: there is no feed: a table [[feed]] is one"),
        (
            f'feeds = 1\n{HEAD}secret_env = "SALT"',
            "1: feeds: there is no such key: allowed are tables [[feed]]",
        ),
        (HEAD, "1: feed.1: either secret_file or secret_env is needed, and only one of them"),
        (
            f'{HEAD}secret_env = "NONE"',
            "4: feed.1.secret_env: the variable NONE is not set: it is to hold the feed's secret",
        ),
        (
            f'{HEAD}secret_env = "EMPTY"',
            "4: feed.1.secret_env: the variable EMPTY is not set: it is to hold the feed's secret",
        ),
        (
            f'{HEAD}secret_file = "/nowhere"',
            "4: feed.1.secret_file: /nowhere cannot be read: No such file or directory",
        ),
        (
            f'{HEAD}secret = "x"\nsecret_env = "SALT"',
            "4: feed.1.secret: secrets do not stand here: name a file (secret_file) or a variable "
            "(secret_env)",
        ),
        (
            f'{HEAD}secret_env = "SALT"\nrate_limit = 0',
            "5: feed.1.rate_limit: 0: Input should be greater than 0",
        ),
        (
            f'{HEAD}secret_env = "SALT"\ndefault_zone = "Peking"',
            "5: feed.1.default_zone: 'Peking' is no name of the IANA time zone database, "
            "such as Asia/Shanghai",
        ),
        (
            f'{HEAD}secret_env = "SALT"\nallow = ["10.0.0.1/8"]',
            "5: feed.1.allow: ['10.0.0.1/8']: 10.0.0.1/8 has host bits set: allowed are addresses "
            "and networks",
        ),
        (
            f'{HEAD}secret_env = "SALT"\nscope = "shop"',
            "5: feed.1.scope: scope 'shop' needs shop_id",
        ),
        (
            f'{HEAD}secret_env = "SALT"\n{HEAD}secret_env = "SALT"',
            "7: feed.2.name: there are two feeds sf/a",
        ),
        (
            HEAD.replace('"a"', '"A b"') + 'secret_env = "SALT"',
            "3: feed.1.name: 'A b': a name has up to 64 of a-z, 0-9, _ and -, and begins with a "
            "letter or digit",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    """One line each: file, line, field, value, what is allowed."""
    assert problems(tmp_path, text) == [problem]


def test_an_unknown_source_and_an_unknown_key_say_what_there_is(tmp_path: Path) -> None:
    """All of it at once."""
    text = '[[feed]]\nsource = "kuaidi"\nname = "a"\nsecret_env = "SALT"\nzone = "x"\n'
    first, second = problems(tmp_path, text)
    assert first.startswith("2: feed.1.source: 'kuaidi': there is no such source: allowed")
    assert second.startswith("5: feed.1.zone: there is no such field: allowed are source, name")


def test_a_file_that_is_no_toml_is_said_to_be_none(tmp_path: Path) -> None:
    """With the parser's line."""
    (only,) = problems(tmp_path, "[[feed]\n")
    assert "not TOML" in only
    assert "line 1" in only
