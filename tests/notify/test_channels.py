"""Each channel against a server that speaks its protocol: what it says, and what answers mean."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from support import robots
from support.notices import HOSTILE, MADE_AT, SHANGHAI, digest, item, message
from support.ports import free_port
from support.robots import Robots, Scripted, links_of, read, serving, text_of

from streams.notify.channels import dingtalk, feishu
from streams.notify.channels.make import TYPES, make_channel, preview
from streams.notify.message import Channel, Failed, Message, Outcome, Refused, Sent, Throttled
from streams.notify.samples import samples
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts

TEXTS = Texts()
LINKS = Links("https://desk.example.com", b"k" * 32)
ROBOTS = ("dingtalk", "feishu", "wecom", "slack", "teams", "telegram")
BY_HTTP = (*ROBOTS, "webhook")


def made(served: Robots, kind: str, links: Links | None = LINKS, **fields: Any) -> Channel:
    """A channel that speaks to the server."""
    table, environment = served.table(kind)
    found = {**table, **fields}
    return make_channel(
        "ops", found, links, TEXTS, environment=environment, clock=lambda: robots.NOW
    )


def run(scenario: Callable[[Robots], Awaitable[None]]) -> None:
    """Run a scenario beside the servers."""

    async def all_of_it() -> None:
        async with serving() as served:
            await scenario(served)

    asyncio.run(all_of_it())


async def said(channel: Channel, *messages: Message) -> list[Outcome]:
    """What came of each message; the channel is closed."""
    try:
        return [await channel.send(each) for each in messages]
    finally:
        await channel.close()


def answered(kind: str, *answers: Scripted) -> list[Outcome]:
    """What a channel makes of answers."""
    found: list[Outcome] = []

    async def scenario(served: Robots) -> None:
        served.script.extend(answers)
        found.extend(await said(made(served, kind), *[message(item())] * len(answers)))

    run(scenario)
    return found


@pytest.mark.parametrize("kind", BY_HTTP)
def test_every_kind_of_message_is_taken(kind: str) -> None:
    """In both languages, with links and without, signed where the server asks for that."""

    async def scenario(served: Robots) -> None:
        every = [each for locale in ("zh", "en") for each in samples(MADE_AT, locale, SHANGHAI)]
        for links in (LINKS, None):
            for outcome in await said(made(served, kind, links), *every):
                assert isinstance(outcome, Sent), outcome
        assert len(served.got) == 2 * len(every)

    run(scenario)


@pytest.mark.parametrize("kind", ROBOTS)
def test_what_is_too_much_is_shortened_and_counted(kind: str) -> None:
    """No character is cut in half, none of hostile length gets through, and shown and left out add
    up to all."""
    long = {
        "message": {"zh": "很长" * 900, "en": "long " * 900},
        "remedy": {"zh": "办法" * 900, "en": "do " * 900},
        "order_ids": [f"{n}" + "🚚" * 400 for n in range(40)],
        "carrier": "c" * 500,
        "tracking_number": "7" * 500,
        "shop_id": "店" * 500,
    }

    async def scenario(served: Robots) -> None:
        for few in (1, 7, 200):
            for made_of in (message, digest):
                told = made_of(*(item(n, **long) for n in range(few)), changed_more=37)
                (outcome,) = await said(made(served, kind), told)
                assert isinstance(outcome, Sent), outcome
                text = read(served.got[-1])
                changed = text.partition("仍未处理")[0]
                shown = len(set(re.findall(r"(?m)^\W*(\d+)\. ", changed)))
                (left,) = re.findall(r"还有 (\d+) 条未列出", text)
                assert (shown > 0, int(left) + shown) == (True, few + 37), (few, shown, left)
                assert "�" not in text

    run(scenario)


@pytest.mark.parametrize("kind", ROBOTS)
def test_text_of_others_is_no_markup(kind: str) -> None:
    """Nobody is called, nothing leads elsewhere, no line begins, nothing is turned around."""
    everywhere = {
        "message": {"zh": HOSTILE, "en": HOSTILE},
        "remedy": {"zh": HOSTILE, "en": HOSTILE},
        "order_ids": [HOSTILE],
        "carrier": HOSTILE,
        "tracking_number": HOSTILE,
        "shop_id": HOSTILE,
        "rule": HOSTILE,
        "platform": HOSTILE,
    }

    async def scenario(served: Robots) -> None:
        one = message(item(**everywhere), group=None)
        many = digest(*(item(n, **everywhere) for n in range(9)), group=None)
        for outcome in await said(made(served, kind), one, many):
            assert isinstance(outcome, Sent), outcome
        for got in served.got:
            text = text_of(got)
            assert "\u202e" not in text
            assert "\0" not in text
            assert "{{7*7}}" in text.replace("&#42;", "*").replace("＊", "*")
            if kind == "telegram":
                links = [each for each in links_of(got) if "evil" in each]
            elif kind == "slack":
                text = text.partition("\n\n")[2]  # the title is plain
                links = re.findall(r"<(?!https://desk\.example\.com/)[^>]*>", text)
            else:
                links = re.findall(r"\]\((?!https://desk\.example\.com/)", text)
                links += re.findall(r"<[^f/]|[^*]\*[^*]", text) if kind != "feishu" else []
            assert links == [], links
            for line in text.splitlines():
                assert not re.match(r"\s*(?:>|#(?!## )|!\[|- )", line), line

    run(scenario)


def test_signatures_are_those_of_the_documentation() -> None:
    """By openssl, from the formulas of DingTalk and Feishu."""

    def by_openssl(key: str, text: str) -> str:
        command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt"]
        command += [f"hexkey:{key.encode().hex()}", "-binary"]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
        return base64.b64encode(done.stdout).decode()

    secret = "SECabc+/=中"  # noqa: S105
    stamped = "1795244100123\n" + secret
    assert dingtalk.signature(secret, 1795244100123) == by_openssl(secret, stamped)
    assert feishu.signature(secret, 1795244100) == by_openssl(f"1795244100\n{secret}", "")


def test_a_wrong_secret_is_refused_by_the_server() -> None:
    """So the servers of these tests look at signatures."""

    async def scenario(served: Robots) -> None:
        for kind in ("dingtalk", "feishu"):
            table, environment = served.table(kind)
            environment["SECRET"] = "another-secret"  # noqa: S105 - nobody's
            channel = make_channel(
                "ops", table, None, TEXTS, environment=environment, clock=lambda: robots.NOW
            )
            (outcome,) = await said(channel, message(item()))
            assert isinstance(outcome, Refused), outcome
        assert served.got == []

    run(scenario)


def test_a_keyword_is_in_every_message() -> None:
    """Where a robot asks for one: once, also in a text that has it already."""

    async def scenario(served: Robots) -> None:
        for kind in ("dingtalk", "feishu"):
            for keyword in ("发货卫士", "没有新记录"):
                await said(made(served, kind, keyword=keyword), message(item()))
                assert text_of(served.got[-1]).count(keyword) == 1

    run(scenario)


ANSWERS: list[tuple[str, int, str, str]] = [
    ("dingtalk", 200, '{"errcode":130101,"errmsg":"send too fast"}', "Throttled 60"),
    ("dingtalk", 200, '{"status":1111,"punish":"deny","wait":5}', "Throttled 5"),
    ("dingtalk", 200, '{"errcode":310000,"errmsg":"keywords not in content"}', "Refused"),
    ("dingtalk", 200, '{"errcode":-1,"errmsg":"系统繁忙"}', "Failed"),
    ("dingtalk", 200, "<html>sign in to the network</html>", "Failed"),
    ("dingtalk", 200, '{"errcode":[0]}', "Failed"),
    ("dingtalk", 404, "{}", "Refused"),
    ("feishu", 200, '{"StatusCode":0}', "Sent"),
    ("feishu", 200, '{"code":11232,"msg":"frequency limited"}', "Throttled 60"),
    ("feishu", 400, '{"code":9499,"msg":"too many request"}', "Throttled 60"),
    ("feishu", 400, '{"code":9499,"msg":"Bad Request"}', "Refused"),
    ("feishu", 200, '{"code":19024,"msg":"Key Words Not Found"}', "Refused"),
    ("feishu", 200, '{"code":1500,"msg":"internal error"}', "Failed"),
    ("wecom", 200, '{"errcode":45009,"errmsg":"api freq out of limit"}', "Throttled 60"),
    ("wecom", 200, '{"errcode":93000,"errmsg":"invalid webhook url"}', "Refused"),
    ("wecom", 200, '{"errcode":-1,"errmsg":"system busy"}', "Failed"),
    ("slack", 200, "no", "Failed"),
    ("slack", 200, '{"ok":false,"error":"ratelimited"}', "Throttled 60"),
    ("slack", 200, '{"ok":false,"error":"invalid_blocks"}', "Refused"),
    ("slack", 403, "action_prohibited", "Refused"),
    ("slack", 410, "channel_is_archived", "Refused"),
    ("slack", 500, "rollup_error", "Failed"),
    ("teams", 200, "1", "Sent"),
    ("teams", 200, "failed with error: endpoint returned HTTP error 429 with", "Throttled 60"),
    ("teams", 200, "failed with error: endpoint returned HTTP error 413 with", "Refused"),
    ("teams", 200, "failed with error: endpoint returned HTTP error 502 with", "Failed"),
    ("telegram", 429, '{"ok":false,"parameters":{"retry_after":35}}', "Throttled 35"),
    ("telegram", 400, '{"ok":false,"parameters":{"migrate_to_chat_id":-100987}}', "Refused"),
    ("telegram", 403, '{"ok":false,"description":"bot was kicked"}', "Refused"),
    ("telegram", 200, "{}", "Failed"),
    ("webhook", 200, "", "Sent"),
    ("webhook", 404, "", "Failed"),
    ("webhook", 410, "", "Refused"),
    *((kind, 429, "", "Throttled 60") for kind in BY_HTTP),
    *((kind, 502, "<html>", "Failed") for kind in BY_HTTP),
]


def shown(outcome: Outcome) -> str:
    """What an outcome is, and for how long."""
    name = type(outcome).__name__
    return f"{name} {outcome.after_s:g}" if isinstance(outcome, Throttled) else name


@pytest.mark.parametrize("kind", BY_HTTP)
def test_what_an_answer_means(kind: str) -> None:
    """Sent, too many, for now, for good: by each documentation's codes, whatever the status."""
    told = [each for each in ANSWERS if each[0] == kind]
    found = answered(kind, *(Scripted(status, body) for _, status, body, _ in told))
    assert [*map(shown, found)] == [expected for _, _, _, expected in told], found


@pytest.mark.parametrize("kind", BY_HTTP)
def test_how_long_to_wait_is_heeded(kind: str) -> None:
    """In seconds or until a time, an hour at most; what is no number counts as not said."""
    said_so = {
        "35": 35,
        "Sat, 21 Nov 2026 06:56:00 GMT": 60,
        "0": 1,
        "1e9": 3600,
        "nan": 60,
        "x": 60,
    }
    found = answered(kind, *(Scripted(429, "", {"Retry-After": each}) for each in said_so))
    assert [*map(shown, found)] == [f"Throttled {seconds}" for seconds in said_so.values()]
    led = answered(kind, Scripted(302, "", {"Location": "/hook"}))
    assert [*map(shown, led)] == ["Failed"]


@pytest.mark.parametrize("kind", BY_HTTP)
def test_no_secret_is_ever_shown(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Not where a server says it back, not in a channel's own words, not in the log."""
    caplog.set_level(logging.DEBUG)

    async def scenario(served: Robots) -> None:
        everything = " ".join((*robots.SECRETS, served.url(kind)))
        shown = []
        for body in (everything, f'{{"errcode":1,"code":1,"errmsg":"{everything}"}}'):
            for status in (200, 400, 500):
                served.script.append(Scripted(status, body))
                channel = made(served, kind)
                shown += [repr(channel), *map(repr, await said(channel, message(item())))]
        gone = made(served, kind)
        served.address = "gone"
        shown.append(repr(gone))
        await gone.close()
        for each in robots.SECRETS:
            if each in served.url(kind) or each in str(served.table(kind)[1]):
                assert not [text for text in (*shown, caplog.text) if each in text], each

    run(scenario)


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_server_that_hangs_or_is_gone_is_a_failure(kind: str) -> None:
    """Within the time that the table says, and without its address."""

    async def scenario(served: Robots) -> None:
        served.hangs = asyncio.Event()
        hanging = await said(made(served, kind, timeout_s=0.1), message(item()))
        assert hanging == [Failed("no answer within 0.1 s")]
        served.address = f"http://127.0.0.1:{free_port()}"
        (gone,) = await said(made(served, kind), message(item()))
        assert gone == Failed("no answer: ClientConnectorError")

    run(scenario)


def test_an_answer_without_end_is_cut() -> None:
    """What is read of it is bounded, and says nothing of success."""

    async def scenario() -> None:
        async def endless(request: web.Request) -> web.StreamResponse:
            answer = web.StreamResponse()
            await answer.prepare(request)
            while True:
                await answer.write(b"x" * 65536)

        port = free_port()
        app = web.Application()
        app.router.add_post("/robot/send", endless)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        table = {"type": "dingtalk", "url_env": "URL"}
        url = f"http://127.0.0.1:{port}/robot/send?access_token=endless-token"
        channel = make_channel("ops", table, None, TEXTS, environment={"URL": url})
        assert await said(channel, message(item())) == [Failed("the answer is no robot's")]
        await runner.cleanup()

    asyncio.run(scenario())


def test_programs_are_given_warnings_as_they_were_published() -> None:
    """With the key as their id: the same for another attempt."""

    async def scenario(served: Robots) -> None:
        told = digest(item(1), item(2, "breached", state="breached"), changed_more=3)
        await said(made(served, "webhook"), told, told)
        first, second = served.got
        assert first.value == second.value
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == told.key
        data = first.value["data"]
        assert first.value["type"] == "shipment_warnings.standing"
        assert [each["change"] for each in data["changed"]] == ["new", "breached"]
        published = told.changed[0].warning.model_dump(mode="json")
        assert data["changed"][0]["warning"] == published
        assert (data["changed_more"], data["counts"]["standing"]) == (3, 41)

    run(scenario)


def test_a_webhook_may_be_signed_by_two_secrets() -> None:
    """While whoever listens changes from one to the other."""

    async def scenario(served: Robots) -> None:
        table, environment = served.table("webhook")
        newer = "whsec_" + base64.b64encode(b"n" * 32).decode()
        environment["SECRET"] = f"{newer}\n{robots.HOOK_SECRET}\n"
        channel = make_channel(
            "ops", table, None, TEXTS, environment=environment, clock=lambda: robots.NOW
        )
        assert await said(channel, message(item())) == [Sent()]
        assert served.got[0].headers["webhook-signature"].count("v1,") == 2

    run(scenario)


def test_apprise_reaches_other_services() -> None:
    """Here ntfy's; a service that fails is a failure, and what is better here is said to be so."""

    async def scenario(served: Robots) -> None:
        environment = {"URL": served.address.replace("http:", "ntfy:") + "/topic"}
        table = {"type": "apprise", "url_env": "URL"}
        served.script.append(Scripted(500))
        for outcome in (Failed("Apprise says that it failed, and not why"), Sent()):
            # Each is a channel of its own: Apprise lets seconds pass between two messages of one.
            channel = make_channel("ops", table, LINKS, TEXTS, environment=environment)
            assert await said(channel, message(item())) == [outcome]
        assert "7812345000000" in served.got[0].value["text"]

    run(scenario)


@pytest.mark.parametrize("kind", TYPES)
def test_each_says_what_it_takes(kind: str) -> None:
    """Its documentation's number; a table may lower it."""
    expected = {
        "dingtalk": (20, 20_000),
        "feishu": (100, 20_000),
        "wecom": (20, 4_096),
        "slack": (60, 12_000),
        "teams": (240, 20_000),
        "telegram": (20, 4_096),
        "webhook": (None, 1 << 20),
        "email": (60, 1 << 20),
        "apprise": (60, 4_000),
    }
    most = TYPES[kind].most
    assert (most.per_minute, most.max_bytes) == expected[kind]


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_preview_is_what_a_reader_sees(kind: str) -> None:
    """Without markup, as much as is sent."""
    channel = made(Robots(1), kind)
    told = message(*(item(n) for n in range(30)))
    text = preview(channel, told)
    assert text.startswith("30 条发货风险预警 · 抖音 s-1")
    assert "1. 揽收后无更新" in text
    assert not re.search(r"\*\*|<b>|\]\(", text)
