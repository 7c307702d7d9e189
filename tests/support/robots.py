"""Channels' servers on loopback, made from what their documentation says of them.

Each takes a message only where it keeps to that: signature, size, form; and proves it by code of
its own. A script says what else is answered first.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any, NamedTuple

from aiohttp import web
from support.ports import free_port

NOW = 1795244100.0
"""What time it is to the servers, in seconds since the epoch."""

DING_TOKEN, DING_SECRET = "ding-token-0123456789abcdef", "SECding-secret-0123456789"
LARK_TOKEN, LARK_SECRET = "lark-token-0123456789abcdef", "lark-secret-0123456789"
WECOM_KEY = "wecom-key-0123456789abcdef"
SLACK_PATH = "T00/B00/slack-token-0123456789"
TEAMS_SIG = "teams-sig-0123456789abcdef"
BOT_TOKEN, CHAT_ID = "123456:bot-token-0123456789", "-1001234"
HOOK_KEY = bytes(range(32))
HOOK_SECRET = "whsec_" + base64.b64encode(HOOK_KEY).decode()
SECRETS = (
    *(DING_TOKEN, DING_SECRET, LARK_TOKEN, LARK_SECRET, WECOM_KEY, "slack-token-0123456789"),
    *(TEAMS_SIG, BOT_TOKEN, HOOK_SECRET, HOOK_SECRET.removeprefix("whsec_")),
)


class Scripted(NamedTuple):
    """An answer that is given whatever was asked."""

    status: int
    body: str | bytes = ""
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it


class Got(NamedTuple):
    """A message that was taken."""

    kind: str
    value: dict[str, Any]
    headers: dict[str, str]


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """As RFC 2104 defines it, without the library that is tested."""
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(each ^ 0x36 for each in key) + text).digest()
    return hashlib.sha256(bytes(each ^ 0x5C for each in key) + inner).digest()


class _Tags(HTMLParser):
    """Telegram's HTML: text, and the tags that there are."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("a", "b") or (tag == "a") != bool(attrs):
            self.wrong.append(tag)
        self.links += [value or "" for _, value in attrs]
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text += data


class Robots:
    """What was taken, and what is answered: first what stands in `script`."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.got: list[Got] = []
        self.asked = 0
        self.script: deque[Scripted] = deque()
        self.hangs: asyncio.Event | None = None

    def url(self, kind: str) -> str:
        """The address of a channel, with its secret."""
        return (
            self.address
            + {
                "dingtalk": f"/robot/send?access_token={DING_TOKEN}",
                "feishu": f"/open-apis/bot/v2/hook/{LARK_TOKEN}",
                "wecom": f"/cgi-bin/webhook/send?key={WECOM_KEY}",
                "slack": f"/services/{SLACK_PATH}",
                "teams": f"/workflows/abc/triggers/manual/paths/invoke?sv=1&sig={TEAMS_SIG}",
                "telegram": "",
                "webhook": "/hook",
                "apprise": "/",
            }[kind]
        )

    def table(self, kind: str) -> tuple[dict[str, Any], dict[str, str]]:
        """A channel's table for this server, and the environment with its secrets."""
        environment = {"URL": self.url(kind)}
        table: dict[str, Any] = {"type": kind, "url_env": "URL"}
        if kind in ("dingtalk", "feishu", "webhook"):
            secrets = {"dingtalk": DING_SECRET, "feishu": LARK_SECRET, "webhook": HOOK_SECRET}
            environment["SECRET"] = secrets[kind]
            table["secret_env"] = "SECRET"  # noqa: S105 - a name
        if kind == "telegram":
            table = {
                "type": kind,
                "token_env": "TOKEN",
                "chat_id": CHAT_ID,
                "address": self.address,
            }
            environment = {"TOKEN": BOT_TOKEN}
        return table, environment

    def app(self) -> web.Application:
        """All of them."""
        app = web.Application()
        for path, handler in (
            ("/robot/send", self._dingtalk),
            ("/open-apis/bot/v2/hook/{token}", self._feishu),
            ("/cgi-bin/webhook/send", self._wecom),
            ("/services/{path:.*}", self._slack),
            ("/workflows/{path:.*}", self._teams),
            ("/bot{token}/sendMessage", self._telegram),
            ("/hook", self._webhook),
            ("/", self._ntfy),
        ):
            app.router.add_post(path, self._scripted(handler))
        return app

    def _scripted(self, handler: Any) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.asked += 1
            body = await request.read()
            if self.hangs is not None:
                await self.hangs.wait()
            if self.script:
                said = self.script.popleft()
                raw = said.body if isinstance(said.body, bytes) else said.body.encode()
                return web.Response(status=said.status, body=raw, headers=said.headers)
            found: web.StreamResponse = handler(request, body)
            return found

        return answer

    def _taken(self, kind: str, request: web.Request, value: dict[str, Any]) -> None:
        headers = {name.lower(): text for name, text in request.headers.items()}
        assert headers["content-type"].startswith("application/json")
        self.got.append(Got(kind, value, headers))

    def _dingtalk(self, request: web.Request, body: bytes) -> web.Response:
        query = request.query
        if query.get("access_token") != DING_TOKEN:
            return _json(errcode=300005, errmsg="token is not exist")
        stamp = query.get("timestamp", "0")
        proof = hmac_sha256(DING_SECRET.encode(), f"{stamp}\n{DING_SECRET}".encode())
        if abs(int(stamp) / 1000 - NOW) > 3600:
            return _json(errcode=310000, errmsg="invalid timestamp")
        if base64.b64decode(query.get("sign", "")) != proof:
            return _json(errcode=310000, errmsg="sign not match")
        if len(body) > 20_000:
            return _json(errcode=460101, errmsg="message too long, exceed 20000 bytes")
        value = json.loads(body)
        said = value[value["msgtype"]]
        if value["msgtype"] == "actionCard":
            for button in said["btns"]:
                assert button["title"]
                assert button["actionURL"].startswith("http")
        elif value["msgtype"] != "markdown":
            return _json(errcode=400105, errmsg="unsupported msgtype")
        if not said["title"] or not said["text"]:
            return _json(errcode=40035, errmsg="param error")
        self._taken("dingtalk", request, value)
        return _json(errcode=0, errmsg="ok")

    def _feishu(self, request: web.Request, body: bytes) -> web.Response:
        if request.match_info["token"] != LARK_TOKEN:
            return _json(code=19001, msg="param invalid: incoming webhook access token invalid")
        value = json.loads(body)
        stamp = str(value.get("timestamp", "0"))
        proof = hmac_sha256(f"{stamp}\n{LARK_SECRET}".encode(), b"")
        if abs(int(stamp) - NOW) > 3600 or base64.b64decode(value.get("sign", "")) != proof:
            return _json(code=19021, msg="sign match fail or timestamp is not within one hour")
        if len(body) > 20 * 1024:
            return _json(code=9499, msg="Bad Request", status=400)
        assert value["msg_type"] == "interactive"
        card = value["card"]
        assert card["header"]["template"] in ("red", "orange", "blue", "green")
        assert card["header"]["title"]["tag"] == "plain_text"
        assert {each["tag"] for each in card["elements"]} <= {"div", "action"}
        self._taken("feishu", request, value)
        return _json(StatusCode=0, StatusMessage="success", code=0, data={}, msg="success")

    def _wecom(self, request: web.Request, body: bytes) -> web.Response:
        if request.query.get("key") != WECOM_KEY:
            return _json(errcode=93000, errmsg="invalid webhook url, hint: [0], from ip: 127.0.0.1")
        value = json.loads(body)
        assert value["msgtype"] == "markdown"
        if len(value["markdown"]["content"].encode()) > 4096:
            return _json(errcode=40058, errmsg="markdown.content exceed max length 4096")
        self._taken("wecom", request, value)
        return _json(errcode=0, errmsg="ok")

    def _slack(self, request: web.Request, body: bytes) -> web.Response:
        if request.match_info["path"] != SLACK_PATH:
            return web.Response(status=404, text="no_service")
        value = json.loads(body)
        blocks = value["blocks"]
        texts = [each["text"]["text"] for each in blocks]
        fine = (
            value["text"]
            and len(blocks) <= 50
            and blocks[0]["type"] == "header"
            and len(texts[0]) <= 150
            and all(each["text"]["type"] == "mrkdwn" for each in blocks[1:])
            and all(0 < len(text) <= 3000 for text in texts)
            and sum(map(len, texts)) < 13_000
        )
        if not fine:
            return web.Response(status=400, text="invalid_blocks")
        self._taken("slack", request, value)
        return web.Response(text="ok")

    def _teams(self, request: web.Request, body: bytes) -> web.Response:
        if request.query.get("sig") != TEAMS_SIG:
            return web.Response(status=401)
        if len(body) > 21_000:
            return web.Response(status=413)
        value = json.loads(body)
        (attachment,) = value["attachments"]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert attachment["content"]["type"] == "AdaptiveCard"
        assert {each["type"] for each in attachment["content"]["actions"]} <= {"Action.OpenUrl"}
        self._taken("teams", request, value)
        return web.Response(status=202)

    def _telegram(self, request: web.Request, body: bytes) -> web.Response:
        def no(code: int, words: str) -> web.Response:
            return _json(status=code, ok=False, error_code=code, description=words)

        if request.match_info["token"] != BOT_TOKEN:
            return no(401, "Unauthorized")
        value = json.loads(body)
        if value["chat_id"] != CHAT_ID:
            return no(400, "Bad Request: chat not found")
        read = _Tags(value["text"])
        if value["parse_mode"] != "HTML" or read.wrong:
            return no(400, f"Bad Request: can't parse entities: {read.wrong}")
        if len(read.text.encode("utf-16-le")) > 2 * 4096:
            return no(400, "Bad Request: message is too long")
        self._taken("telegram", request, value)
        return _json(ok=True, result={"message_id": 7})

    def _webhook(self, request: web.Request, body: bytes) -> web.Response:
        stamp = request.headers["webhook-timestamp"]
        signed = f"{request.headers['webhook-id']}.{stamp}.".encode() + body
        proof = "v1," + base64.b64encode(hmac_sha256(HOOK_KEY, signed)).decode()
        if proof not in request.headers["webhook-signature"].split() or abs(int(stamp) - NOW) > 300:
            return web.Response(status=400)
        self._taken("webhook", request, json.loads(body))
        return web.Response(status=204)

    def _ntfy(self, request: web.Request, body: bytes) -> web.Response:
        self.got.append(Got("apprise", {"text": body.decode()}, {}))
        return _json(id="1")


def _json(status: int = 200, **value: Any) -> web.Response:
    return web.json_response(value, status=status)


def text_of(got: Got) -> str:
    """All that a reader of a message sees, in the channel's markup."""
    match got.kind:
        case "dingtalk":
            return str(got.value[got.value["msgtype"]]["text"])
        case "feishu":
            return str(got.value["card"]["elements"][0]["text"]["content"])
        case "wecom":
            return str(got.value["markdown"]["content"])
        case "slack":
            return "\n\n".join(each["text"]["text"] for each in got.value["blocks"])
        case "teams":
            blocks = got.value["attachments"][0]["content"]["body"]
            return "\n\n".join(each["text"] for each in blocks)
        case _:
            return str(got.value["text"])


def read(got: Got) -> str:
    """The same, of Telegram's without its tags."""
    return _Tags(text_of(got)).text if got.kind == "telegram" else text_of(got)


def links_of(got: Got) -> list[str]:
    """Where Telegram's tags lead."""
    return _Tags(text_of(got)).links


@asynccontextmanager
async def serving() -> AsyncIterator[Robots]:
    """The servers, until left."""
    port = free_port()
    robots = Robots(port)
    runner = web.AppRunner(robots.app(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield robots
    finally:
        if robots.hangs is not None:
            robots.hangs.set()
        await runner.cleanup()
