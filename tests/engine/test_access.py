"""Who is let in to a worker's pages: by address, token, certificate, and not through a browser."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from support.certificates import Signed, authority, signed
from support.ports import free_port
from support.serving import HELLO, Pages, serving, unanswered

from streams.cli.check_sources import Unanswered, ask_worker
from streams.engine.pages.access import Access
from streams.engine.pages.guard import WORD_HEADER, all_loopback
from streams.engine.pages.serving import Route
from streams.engine.pages.tokens import Tokens, parse
from streams.engine.worker.peers import Home, Peers, PeerSilent

OLD, NEW, WRONG = "old-token-0123456789", "new-token-0123456789", "wrong-token-01234567"

TOKENS = Access(tokens=Tokens([NEW, OLD]))

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes keys by openssl")


def ask(
    access: Access, question: Callable[[Pages], Awaitable[None]], *, elsewhere: bool = True
) -> None:
    """Ask pages that are reached from other machines too, unless said otherwise."""

    async def run() -> None:
        async with serving(access, elsewhere=elsewhere) as pages:
            await question(pages)

    asyncio.run(run())


# -- without any of it


def test_on_loopback_pages_are_open() -> None:
    """As long as nobody else reaches them, they ask for nothing."""

    async def question(pages: Pages) -> None:
        for path in ("/check", "/warnings", "/metrics", "/healthz", "/readyz"):
            assert (await pages.get(path)).status == 200

    ask(Access(), question, elsewhere=False)


def test_elsewhere_all_but_health_and_metrics_are_closed() -> None:
    """The answer says which settings there are; the log said so at the start."""

    async def question(pages: Pages) -> None:
        for path in ("/metrics", "/healthz", "/readyz"):
            assert (await pages.get(path)).status == 200
        before = unanswered("check", "closed")
        answer = await pages.get("/check", token=NEW)
        assert answer.status == 403
        said = json.loads(answer.text)["error"]
        for name in ("TOKEN_FILE", "TOKEN", "CLIENT_CAFILE", "OPEN_PAGES=check,health,metrics"):
            assert f"SHIPSENTRY_HTTP_{name}" in said
        assert unanswered("check", "closed") == before + 1

    ask(Access(), question)


def test_the_log_says_what_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    """Once, at the start, where there is such a page."""

    async def nothing(_: Pages) -> None:
        pass

    ask(Access(), nothing)
    (line,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert line.getMessage().startswith("closed: check, warnings, because 127.0.0.1 is reached")
    caplog.clear()
    ask(Access(), nothing, elsewhere=False)
    ask(TOKENS, nothing)
    assert [record for record in caplog.records if record.levelno == logging.WARNING] == []


def test_a_page_is_opened_by_name() -> None:
    """And no other with it."""

    async def question(pages: Pages) -> None:
        assert (await pages.get("/warnings")).status == 200
        assert (await pages.get("/check")).status == 403

    ask(Access(open_pages=frozenset(("health", "metrics", "warnings"))), question)


@pytest.mark.parametrize(
    ("addresses", "loopback"),
    [
        ([("127.0.0.1", 1)], True),
        ([("127.8.8.8", 1), ("::1", 1, 0, 0)], True),
        ([("0.0.0.0", 1)], False),  # noqa: S104  compared, not listened on
        ([("::", 1, 0, 0)], False),
        ([("127.0.0.1", 1), ("10.0.0.7", 1)], False),
        ([("::ffff:10.0.0.7", 1, 0, 0)], False),
        ([("fe80::1%eth0", 1, 0, 2)], False),
    ],
)
def test_what_a_loopback_address_is(addresses: list[tuple[str, int]], loopback: bool) -> None:
    """One that other machines reach is enough for a no."""
    assert all_loopback(addresses) is loopback


# -- tokens


def test_a_token_lets_in() -> None:
    """Each of those that are good; a wrong one, none, and another kind of login do not."""

    async def question(pages: Pages) -> None:
        for token in (NEW, OLD):
            assert (await pages.get("/check", token=token)).text == "hello"
        before = unanswered("check", "unauthorized")
        for headers in (
            {},
            {"Authorization": f"Bearer {WRONG}"},
            {"Authorization": f"Bearer {NEW}x"},
            {"Authorization": "Bearer ü"},
            {"Authorization": "Bearer"},
            {"Authorization": f"Basic {NEW}"},
        ):
            answer = await pages.get("/check", **headers)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="shipsentry"'
            assert "token" in json.loads(answer.text)["error"]
        assert unanswered("check", "unauthorized") == before + 6
        assert (await pages.get("/metrics")).status == 200

    ask(TOKENS, question)
    ask(TOKENS, question, elsewhere=False)


def test_metrics_may_want_one_too() -> None:
    """By choice; the probes stay as they are."""

    async def question(pages: Pages) -> None:
        assert (await pages.get("/metrics")).status == 401
        assert (await pages.get("/metrics", token=OLD)).status == 200
        assert (await pages.get("/readyz")).status == 200

    ask(Access(tokens=TOKENS.tokens, open_pages=frozenset(("health",))), question)


def test_tokens_are_exchanged_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file is read again when it changes; one that is no use changes nothing, and is said."""
    path, now = tmp_path / "tokens", [0.0]
    path.write_text(f"{OLD}\n")
    tokens = Tokens(path=path, clock=lambda: now[0])

    def after(text: str | None) -> tuple[bool, bool]:
        if text is None:
            path.unlink()
        else:
            path.write_text(text)
        now[0] += 1
        return tokens.good(OLD), tokens.good(NEW)

    assert after(f"{OLD}\n\n{NEW}\n") == (True, True)
    assert tokens.first() == OLD
    assert after(f"{NEW}\n{OLD}\n") == (True, True)
    assert tokens.first() == NEW
    caplog.clear()
    for useless in (None, "", "short\n", "\xff" * 20):
        assert after(useless) == (True, True)
    assert after(f"{NEW}\n") == (False, True)
    kept = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(kept) == 4
    assert "xff" not in caplog.text


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([], "it has 0 tokens"),
        (["", " "], "it has 0 tokens"),
        ([f"{OLD}{number}" for number in range(9)], "it has 9 tokens"),
        ([OLD, "hunter2"], "token 2 has 7 characters"),
        (["x" * 513], "token 1 has 513 characters"),
        (["hunter2 hunter2 hunter2"], "token 1 has a character that is not allowed"),
    ],
)
def test_what_is_no_token(parts: list[str], problem: str) -> None:
    """The place is named, the token never."""
    with pytest.raises(ValueError, match=f"^{problem}$"):
        parse(parts)


def test_a_token_is_nowhere_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log at any level, in metrics or on a page; also where a request is no HTTP."""
    caplog.set_level(logging.DEBUG)

    async def question(pages: Pages) -> None:
        shown = ""
        for path in ("/check", "/warnings", "/metrics", "/readyz"):
            for token in (NEW, OLD, WRONG):
                answer = await pages.get(path, token=token)
                shown += answer.text + repr(answer.headers)
        reader, writer = await asyncio.open_connection("127.0.0.1", pages.port)
        writer.write(
            b"GET /check HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: Bearer " + NEW.encode() + b"\x00\r\n\r\n"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.0 400")
        writer.close()
        shown += (await pages.get("/metrics")).text + caplog.text + repr(TOKENS)
        for token in (NEW, OLD, WRONG):
            assert token not in shown

    ask(TOKENS, question)


# -- certificates


class Authorities:
    """One that is trusted, one that is not, and certificates of both."""

    def __init__(self, folder: Path) -> None:
        self.trusted = authority(folder)
        self.stranger = authority(folder, "stranger")
        self.worker = signed(self.trusted, folder, "worker", "127.0.0.1")
        self.elsewhere = signed(self.trusted, folder, "elsewhere", "127.0.0.2")
        self.forged = signed(self.stranger, folder, "forged", "127.0.0.1")

    def client(self, shown: Signed | None) -> ssl.SSLContext:
        """What asks with, or without, a certificate."""
        context = ssl.create_default_context(cafile=self.trusted.certificate)
        if shown is not None:
            context.load_cert_chain(*shown)
        return context

    def access(self, served: Signed | None = None, *, tokens: Tokens | None = None) -> Access:
        """Pages of a worker that asks for certificates, unless it has tokens."""
        served = served or self.worker
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*served)
        if tokens is None:
            context.load_verify_locations(self.trusted.certificate)
            context.verify_mode = ssl.CERT_OPTIONAL
        return Access(
            server_tls=context,
            client_tls=self.client(served),
            client_certificates=tokens is None,
            tokens=tokens,
        )


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    """Made once."""
    return Authorities(tmp_path_factory.mktemp("authorities"))


@needs_openssl
def test_a_certificate_lets_in(authorities: Authorities) -> None:
    """One of the authority; without one only what is open answers, with a forged one nothing."""

    async def question(pages: Pages) -> None:
        good, none = authorities.client(authorities.worker), authorities.client(None)
        assert (await pages.get("/check", tls=good)).text == "hello"
        assert (await pages.get("/readyz", tls=none)).status == 200
        answer = await pages.get("/check", tls=none)
        assert (answer.status, "client's certificate" in answer.text) == (403, True)
        assert (await pages.get("/check", tls=none, token=NEW)).status == 403
        with pytest.raises(aiohttp.ClientError):
            await pages.get("/readyz", tls=authorities.client(authorities.forged))

    ask(authorities.access(), question)


# -- through somebody's browser

HOSTS = Access(hosts=frozenset(("worker-1.shipsentry", ".example.com")))


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LOCALHOST.:8080", True),
        ("a.localhost:1", True),
        ("10.0.0.7:8080", True),
        ("[::1]:8080", True),
        ("worker-1.shipsentry:8080", True),
        ("a.b.example.com", True),
        ("example.com", False),
        ("evil.test", False),
        ("localhost.evil.test:8080", False),
        ("evil.test@localhost", False),
        ("10.0.0.7.evil.test", False),
        ("worker-1", False),
        (".", False),
        ("", False),
    ],
)
def test_which_names_are_a_workers(host: str, known: bool) -> None:
    """Addresses, loopback's own names, and those that it was given."""
    assert HOSTS.knows_host(host) is known


def test_a_name_that_is_rebound_gets_nothing() -> None:
    """A page of evil.test whose name leads to our address sends that name; probes answer all."""

    async def question(pages: Pages) -> None:
        for path in ("/check", "/warnings", "/metrics"):
            page = path[1:]
            before = unanswered(page, "host")
            answer = await pages.get(path, Host="evil.test:8080")
            assert (answer.status, "evil.test" in answer.text) == (421, True)
            assert "SHIPSENTRY_HTTP_ALLOWED_HOSTS" in answer.text
            assert unanswered(page, "host") == before + 1
            assert (await pages.get(path, Host="worker-1.shipsentry:8080")).status == 200
        assert (await pages.get("/healthz", Host="evil.test")).status == 200

    ask(HOSTS, question, elsewhere=False)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate"}, 200),
        ({"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, 200),
        (
            {
                "Sec_Fetch_Site": "same-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "document",
            },
            200,
        ),
        (
            {
                "Sec_Fetch_Site": "cross-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "iframe",
            },
            403,
        ),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Origin": "http://localhost", "Host": "localhost"}, 200),
    ],
)
def test_another_sites_page_loads_nothing(headers: dict[str, str], status: int) -> None:
    """A link may lead here, as those of a dashboard do; images, scripts, frames may not."""

    async def question(pages: Pages) -> None:
        answer = await pages.get("/warnings", **headers)
        assert answer.status == status
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]

    ask(Access(), question, elsewhere=False)


def test_nothing_is_posted() -> None:
    """Pages are asked by GET and HEAD."""

    async def question(pages: Pages) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert (await pages.get("/check", method=method)).status == 405

    ask(Access(), question, elsewhere=False)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X_Long": "x" * 9000}, 400), ({"Host": "x" * 5000}, 421), ({"Origin": "x" * 5000}, 403)],
)
def test_what_is_sent_has_bounds(headers: dict[str, str], status: int) -> None:
    """Too long a header is no HTTP; what is repeated of one is short."""

    async def question(pages: Pages) -> None:
        answer = await pages.get("/check", **headers)
        assert answer.status == status
        assert status == 400 or len(answer.text) < 200

    ask(Access(), question, elsewhere=False)


# -- workers among themselves


async def asked(access: Access, port: int, path: str = "/check") -> tuple[int, bytes]:
    """What a worker with these settings gets from one at a port."""
    peers = Peers(4, "", 10.0)
    peers.access = access
    try:
        home = Home(f"{access.scheme}://127.0.0.1:{port}", "the word")
        return await peers.ask(home, path, {}, 5.0)
    finally:
        await peers.close()


def test_workers_show_each_other_their_token() -> None:
    """One that has only the word is not let in."""

    async def question(pages: Pages) -> None:
        assert (await asked(Access(tokens=Tokens([OLD])), pages.port))[0] == 200
        assert (await asked(Access(), pages.port))[0] == 401

    ask(TOKENS, question)


@needs_openssl
def test_workers_show_each_other_their_certificate(authorities: Authorities) -> None:
    """Each must be who its address says; one without a certificate is not let in."""

    async def question(pages: Pages) -> None:
        access = authorities.access()
        assert (await asked(access, pages.port))[0] == 200
        nothing = Access(client_tls=authorities.client(None), server_tls=access.server_tls)
        assert (await asked(nothing, pages.port))[0] == 403

    ask(authorities.access(), question)

    async def nowhere(pages: Pages) -> None:
        with pytest.raises(PeerSilent, match="Certificate"):
            await asked(authorities.access(), pages.port)

    ask(authorities.access(authorities.elsewhere), nowhere)
    ask(authorities.access(authorities.forged), nowhere)


@needs_openssl
def test_the_command_shows_its_certificate(authorities: Authorities) -> None:
    """`shipsentry check` asks as workers ask each other."""
    found = {"schema_version": 1, "verdict": "ok"}

    async def page(_request: web.Request) -> web.Response:
        return web.json_response(found)

    async def run() -> None:
        access = authorities.access()
        async with serving(access, [Route("/check", page)], elsewhere=True) as pages:
            url = f"https://127.0.0.1:{pages.port}"
            arguments = ("zto", "1", "2", 5.0)
            assert await asyncio.to_thread(ask_worker, url, access, *arguments) == found
            none = Access(client_tls=authorities.client(None))
            with pytest.raises(Unanswered, match="client's certificate"):
                await asyncio.to_thread(ask_worker, url, none, *arguments)

    asyncio.run(run())


@needs_openssl
def test_a_token_is_not_sent_without_tls_where_there_is_tls(authorities: Authorities) -> None:
    """Or whoever forges a tick would be sent it."""
    peers = Peers(4, "", 10.0)
    peers.access = authorities.access(tokens=Tokens([NEW]))
    with pytest.raises(PeerSilent, match="no https at http://127"):
        asyncio.run(peers.ask(Home(f"http://127.0.0.1:{free_port()}", "w"), "/check", {}, 1.0))


def test_a_worker_is_not_sent_elsewhere() -> None:
    """Word and token are for the one that was asked."""
    seen = []

    async def thief(request: web.Request) -> web.Response:
        seen.append(request.headers.get(WORD_HEADER))
        return web.Response()

    async def sends_on(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/thief"})

    async def run() -> None:
        async with serving(routes=[Route("/check", sends_on), Route("/thief", thief)]) as pages:
            assert (await asked(TOKENS, pages.port))[0] == 302

    asyncio.run(run())
    assert seen == []


def test_the_routes_of_these_tests_are_a_workers() -> None:
    """The names that settings know pages by."""
    assert [route.page for route in HELLO] == ["check", "warnings"]
    assert Route("/check/order", HELLO[0].handler).page == "check"
