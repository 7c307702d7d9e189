"""Parts of the second call that need no service: its table, wishes, verdicts, who may ask when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streams.ingest.asks.answers import read, versions
from streams.ingest.asks.line import AT_ONCE, FeedLine, Order, backoff
from streams.ingest.asks.table import Asking
from streams.ingest.asks.wishes import Wish, wish_of, wishes
from streams.ingest.feeds import FeedsError, load_feeds
from streams.inputs.sources.asking import VERDICTS, Api
from streams.inputs.sources.payload import Canonical, Feed, Outcome, Payload, Wanted
from streams.inputs.sources.registry import SOURCES
from streams.telemetry.secrets import masked

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
APIS: Mapping[str, Api] = {
    name: source.api for name, source in SOURCES.items() if source.api is not None
}
DOUYIN = """[[feed]]
source = "douyin"
name = "shop"
secret_env = "SECRET"
app_key = "key"
[feed.api]
token_env = "TOKEN"
"""
TAOBAO = DOUYIN.replace("douyin", "taobao")
TIKTOK = DOUYIN.replace("douyin", "tiktok")
WECHAT = DOUYIN.replace("douyin", "wechat")
TOKEN = "a-token-of-this-test"  # noqa: S105  nobody's


def asking(directory: Path, text: str) -> Asking:
    """How the only feed of a text is asked."""
    (directory / "feeds.toml").write_text(text)
    environment = {"SECRET": "a-secret-of-this-test", "TOKEN": TOKEN, "OWN": "another-secret"}
    (feed,) = load_feeds(directory / "feeds.toml", environment).values()
    assert feed.asking is not None
    return feed.asking


def test_a_feed_is_asked_with_what_its_table_says(tmp_path: Path) -> None:
    """Key and secret are the feed's unless it has others; the rest has defaults."""
    plain = asking(tmp_path, DOUYIN)
    assert (plain.address, plain.rate, plain.timeout) == (APIS["douyin"].address, 5, 10)
    assert plain.retries == 10
    who = plain.credentials()
    assert (who.app_key, who.secret, who.token) == ("key", "a-secret-of-this-test", TOKEN)
    assert TOKEN not in repr(plain)
    assert TOKEN not in masked(f"a line with {TOKEN}")
    file = tmp_path / "token"
    file.write_text("token-9d1-a\n")
    more = """token_file = "{file}"
address = "https://gateway.example/douyin/"
app_key = "other"
secret_env = "OWN"
rate = 0.5
timeout_s = 3
retries = 0
codes = {{"isv.business-failed:4" = "gone"}}
"""
    text = DOUYIN.replace('token_env = "TOKEN"\n', more.format(file=file))
    full = asking(tmp_path, text)
    assert (full.address, full.rate, full.timeout) == ("https://gateway.example/douyin", 0.5, 3)
    assert (full.retries, full.codes) == (0, {"isv.business-failed:4": "gone"})
    who = full.credentials()
    assert (who.app_key, who.secret, who.token) == ("other", "another-secret", "token-9d1-a")
    file.write_text("token-9d1-b")
    assert full.credentials().token == "token-9d1-b"  # noqa: S105  nobody's
    file.write_text("token-9d1-c")
    assert full.credentials() == full.credentials()
    assert "token-9d1-c" not in masked("a line with token-9d1-c")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            DOUYIN.replace("douyin", "sf"),
            "6: feed.1.api: sf is not asked for orders: only douyin, taobao, tiktok, wechat are",
        ),
        (
            DOUYIN.replace('token_env = "TOKEN"\n', ""),
            "6: feed.1.api: either token_file or token_env is needed, and only one of them",
        ),
        (
            DOUYIN.replace('"TOKEN"', '"NONE"'),
            "7: feed.1.api.token_env: the variable NONE is not set: it is to hold the feed's token",
        ),
        (DOUYIN.replace('app_key = "key"\n', ""), "5: feed.1.api.app_key: it is needed"),
        (
            TAOBAO,
            "6: feed.1.api: either secret_file or secret_env is needed, and only one of them",
        ),
        (TIKTOK, "6: feed.1.api.shop_cipher: it is needed"),
        (
            WECHAT + 'app_key = "x"\n',
            "8: feed.1.api.app_key: this platform's requests have none",
        ),
        (
            WECHAT + 'secret_env = "OWN"\n',
            "8: feed.1.api.secret_env: this platform's requests have none",
        ),
        (
            DOUYIN + 'token = "x"\n',
            "8: feed.1.api.token: secrets do not stand here: name a file (token_file) or a "
            "variable (token_env)",
        ),
        (
            DOUYIN + "rates = 1\n",
            "8: feed.1.api.rates: there is no such field, did you mean rate?: allowed are address, "
            "app_key, secret_file, secret_env, token_file, token_env, shop_cipher, rate, "
            "timeout_s, retries, codes",
        ),
        (DOUYIN + "rate = 0\n", "8: feed.1.api.rate: 0: Input should be greater than 0"),
        (
            DOUYIN + 'address = "http://gateway.example"\n',
            "8: feed.1.api.address: 'http://gateway.example': tokens and addresses of people "
            "travel there: https is needed",
        ),
        (
            DOUYIN + 'codes = {"5" = "later"}\n',
            "8: feed.1.api.codes.5: 'later': Input should be 'again', 'throttled', 'denied', "
            "'gone' or 'refused'",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    """One line each: file, line, field, value, what is allowed."""
    with pytest.raises(FeedsError) as error:
        asking(tmp_path, text)
    (said,) = error.value.problems
    assert said.removeprefix(f"{tmp_path}/feeds.toml:") == problem


@pytest.mark.parametrize("name", APIS)
def test_codes_come_to_what_the_table_says_and_the_operator_before_it(name: str) -> None:
    """The finest code first; one that nobody knows is a refusal."""
    api = APIS[name]
    for row in api.answers:
        code = row.code.replace("*", "x")
        assert api.verdict([code], {}) == row.verdict
        assert api.verdict(["unknown", code], {}) == row.verdict
        assert api.verdict([code], {code: "gone"}) == "gone"
        assert row.seen in ("vendor document", "second hand", "unverified")
    assert api.verdict(["unknown"], {}) == "refused"
    assert {row.verdict for row in api.answers} <= set(VERDICTS)


def test_a_wish_ends_no_other_one() -> None:
    """The same request wishes the same again, another one something else."""
    wanted = [Wanted("1", "s-1", AT), Wanted("1", "s-1", AT), Wanted("2")]
    first = wishes("t", ("douyin", "a"), b"body", wanted)
    assert len(first) == 2
    assert wishes("t", ("douyin", "a"), b"body", wanted) == first
    others = wishes("t", ("douyin", "a"), b"other", wanted)
    others += wishes("t", ("douyin", "b"), b"body", wanted)
    assert not {each.key for each in first} & {each.key for each in others}
    assert [wish_of(each.value or b"") for each in first] == [
        Wish("douyin", "a", "1", "s-1", AT),
        Wish("douyin", "a", "2", "", None),
    ]


@pytest.mark.parametrize(
    "value",
    [
        *(b"", b"\xff", b"1", b"{}", b"[]", b"[" * 100_000),
        b'{"source":"a","feed":"b","order_id":1,"shop_id":"","at":null}',
        b'{"source":"a","feed":"b","order_id":"1","shop_id":"","at":"2026-11-25T10:00:00"}',
        b'{"source":"a","feed":"b","order_id":"1","shop_id":"","at":5}',
    ],
)
def test_what_others_wrote_is_no_wish(value: bytes) -> None:
    """Anybody may write to a topic."""
    assert wish_of(value) is None


def order(updated_at: datetime | None, **more: Any) -> Canonical:
    """An order as an answer says it."""
    value = {"order_id": "1", "paid_at": AT.isoformat(), **more}
    if updated_at is not None:
        value["updated_at"] = updated_at.isoformat()
    return Canonical("order-paid", "1", value)


@pytest.mark.parametrize(
    ("said", "wished", "twice"),
    [
        (AT, AT, True),
        (AT - timedelta(microseconds=1), AT, True),
        (AT + timedelta(microseconds=1), AT, False),
        (None, AT, True),
        (None, AT - timedelta(microseconds=1), False),
        (AT, None, False),
    ],
)
def test_an_answer_is_as_new_as_the_push_before_it(
    said: datetime | None, wished: datetime | None, twice: bool
) -> None:
    """Else the push's full version, which says nothing of an address, would be the newer one."""
    answer = order(said)
    older = Wish("douyin", "a", "1", "", AT - timedelta(days=1))
    found = versions([answer], [older, older._replace(at=wished)])
    assert found[0] == answer
    assert len(found) == 1 + twice
    if twice:
        assert found[1].value is not None
        assert found[1].value["partial"] is True
        assert found[1].value["updated_at"] == AT.isoformat()


def test_a_platform_that_refuses_is_left_alone(tmp_path: Path) -> None:
    """Longer each time, then tried by one question; at once where the token is another one."""
    file = tmp_path / "token"
    file.write_text("token-9d1-d")
    text = DOUYIN.replace('token_env = "TOKEN"', f'token_file = "{file}"\nrate = 1000')
    said = asking(tmp_path, text)

    async def scenario() -> None:
        line = FeedLine(said)
        for number in range(AT_ONCE + 1):
            line.put(Order(str(number)), 0.0)
        assert line.next(0.0) is not None
        assert line.hold(10.0, said.credentials()) == 11.0
        assert line.hold(10.5, said.credentials()) == 11.0, "it is one refusal"
        assert line.next(10.9) is None
        assert line.next(11.0) is not None
        line.under_way = 1
        assert line.next(11.0) is None, "one tries"
        line.under_way = 0
        assert line.hold(11.5, said.credentials()) == 13.5
        line.look()
        assert line.next(12.0) is None
        file.write_text("")
        line.look()
        assert line.next(12.0) is None
        file.write_text("token-9d1-e")
        line.look()
        assert line.next(12.0) is not None
        line.under_way = AT_ONCE
        assert line.next(12.0) is None

    asyncio.run(scenario())


def test_waits_double_up_to_a_bound() -> None:
    """In seconds, however often it failed."""
    assert [backoff(each) for each in (1, 2, 3, 9, 10, 1000)] == [1, 2, 4, 256, 300, 300]


def test_questions_keep_their_rate(tmp_path: Path) -> None:
    """What is left of it is not asked for before its time."""
    said = replace(asking(tmp_path, DOUYIN), rate=2)

    async def scenario() -> None:
        line = FeedLine(said)
        for number in range(6):
            line.put(Order(str(number)), 0.0)
        found = [line.next(1.0) for _ in range(6)]
        assert [each is not None for each in found] == [True] * 4 + [False] * 2
        assert 0 < line.wait(1.0) <= 0.5

    asyncio.run(scenario())


def test_a_fault_of_ours_shows_nothing_of_an_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its words may be out of the answer: the log has its kind and its place."""

    def broken(payload: Payload, _: Feed) -> Outcome:
        raise ValueError(payload.body.decode())

    (tmp_path / "feeds.toml").write_text(DOUYIN)
    environment = {"SECRET": "a-secret-of-this-test", "TOKEN": TOKEN}
    (feed,) = load_feeds(tmp_path / "feeds.toml", environment).values()
    source = replace(feed.source, read=broken)
    wish = Wish("douyin", "shop", "1", "", None)
    found = read(replace(feed, source=source), wish, "某某街1号".encode(), AT)
    assert [each.reason for each in found.refusals] == ["processing_failed"]
    (line,) = caplog.records
    assert line.getMessage().startswith("douyin/shop: an answer could not be read: ValueError at ")
    assert line.exc_info is None
    assert "某某街" not in caplog.text + str(found.refusals)
