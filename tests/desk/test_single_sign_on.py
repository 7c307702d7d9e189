"""Signing in by a provider: who is let in, and everything that is not believed."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import select
from support import openid
from support.desk import NOON
from support.openid import CLIENT, RSA, SECRET, OpenId
from support.ports import free_port

from streams.desk.access import secrets, users
from streams.desk.access.oidc.person import Claims, NotLetIn, Reason, person
from streams.desk.access.oidc.provider import AT_ONCE, KEPT_S, SKEW_S, is_safe
from streams.desk.access.who import Role, Who
from streams.desk.api.app import make_app
from streams.desk.api.desk import Desk
from streams.desk.console.console import Console
from streams.desk.console.install import install
from streams.desk.console.words import table
from streams.desk.database import tables
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.service.serve import single_sign_on
from streams.facts.times import MINUTE, SECOND
from streams.profiles.loader import load
from streams.settings import Settings, SettingsError, load_settings

PROFILES = load()
DESK = "http://localhost"
COOKIE = "shipsentry_desk_oidc"
AWAY = f"http://127.0.0.1:{free_port()}"
"""Where nobody listens."""
WRONG_SECRET = "wrong-secret"  # noqa: S105 - of a test
PASSWORD = "correct horse battery"  # noqa: S105 - of a test
WEAK = RSAKey.generate_key(2048, {"kid": "1"})
EC = ECKey.generate_key("P-256", {"kid": "2"})


class Clock:
    """The time that a test says it is."""

    now = NOON

    def __call__(self) -> int:
        """µs."""
        return self.now

    def seconds(self) -> int:
        """For the provider."""
        return self.now // SECOND


@pytest.fixture(autouse=True, scope="module")
def quick_hashes() -> Iterator[None]:
    """Passwords as argon2id, but of a kind that takes no time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "HASHER", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture
def clock() -> Clock:
    """Noon, until moved."""
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> Iterator[OpenId]:
    """One that answers."""
    with openid.served(clock.seconds) as found:
        yield found


def settings(provider: OpenId, **given: Any) -> Settings:
    """Of a desk that knows it."""
    return Settings(
        **{
            "desk_oidc_issuer": provider.issuer,
            "desk_oidc_client_id": CLIENT,
            "desk_oidc_client_secret": SECRET,
            "desk_oidc_roles": ("*=operator",),
            "desk_url": DESK,
            **given,
        }
    )


class Browser:
    """Somebody before a desk."""

    def __init__(self, database: Database, clock: Clock, given: Settings) -> None:
        console = Console(
            PROFILES,
            single_sign_on=single_sign_on(given),
            local_users=given.desk_local_users,
            secure=(given.desk_url or "").startswith("https"),
        )
        app = make_app(Desk(database, clock), [partial(install, console=console)])
        self.client = TestClient(app, given.desk_url or DESK, follow_redirects=False)
        self.client.headers["Accept"] = "text/html"

    def begin(self, path: str = "/sign-in/oidc") -> str:
        """Where the desk sends it."""
        answer = self.client.get(path)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def back(self, said: dict[str, str]) -> Response:
        """What the desk answers to who comes back."""
        found: Response = self.client.get("/sign-in/oidc/callback", params=said)
        return found

    def sign_in(self, provider: OpenId) -> Response:
        """All of it."""
        return self.back(provider.authorize(self.begin()))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database for those who are never let in."""
    database = Database(sqlite_url(tmp_path_factory.mktemp("desk") / "desk.sqlite"))
    upgrade(database)
    yield database
    with database.reading() as connection:
        assert users.listed(connection) == []
    database.close()


@pytest.fixture
def stranger(untouched: Database, clock: Clock, provider: OpenId) -> Browser:
    """Somebody who is never let in."""
    return Browser(untouched, clock, settings(provider))


@pytest.fixture
def browser(sqlite: Database, clock: Clock, provider: OpenId) -> Browser:
    """Somebody before a desk that lets in all whom the provider does."""
    return Browser(sqlite, clock, settings(provider))


def refused(answer: Response, reason: Reason) -> None:
    """Nobody is signed in, and the page says what to do."""
    assert answer.status_code in (400, 403, 502, 503)
    assert table()["sso_" + reason]["en"].replace("'", "&#39;") in answer.text
    assert users.COOKIE not in answer.cookies


def test_every_reason_has_its_words() -> None:
    """In both languages, and the page shows no other."""
    assert {f"sso_{each}" for each in get_args(Reason)} <= set(table())


def test_signing_in(browser: Browser, provider: OpenId, sqlite: Database) -> None:
    """There and back to where one wanted to go; a session as any other's."""
    where = browser.begin("/sign-in/oidc?next=/shops?x=%22%3E%26y")
    sent = dict(parse_qsl(urlsplit(where).query))
    assert (sent["redirect_uri"], sent["scope"]) == (
        f"{DESK}/sign-in/oidc/callback",
        "openid profile",
    )
    answer = browser.back(provider.authorize(where))
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/shops?x=%22%3E&amp;y">' in answer.text
    cookies = answer.headers.get_list("Set-Cookie")
    assert all("HttpOnly" in each for each in cookies)
    strict = [each for each in cookies if "SameSite=strict" in each]
    assert [each.partition("=")[0] for each in strict] == [users.COOKIE, users.COOKIE + "_csrf"]
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    me = browser.client.get("/api/v1/me").json()
    assert me == {"name": "li", "role": "operator", "shops": None}
    assert provider.asked == ["/.well-known/openid-configuration", "/token", "/keys"]
    with sqlite.reading() as connection:
        (row,) = connection.execute(select(tables.users)).all()
    assert re.fullmatch("oidc:[0-9a-f]{64}", row.password_hash), "nothing else of them is kept"


def test_what_was_brought_back_once_is_good_no_more(browser: Browser, provider: OpenId) -> None:
    """By the same browser, by another one, with a state of one's own, after a while."""
    said = provider.authorize(browser.begin())
    assert browser.back(said).status_code == 200
    refused(browser.back(said), "expired")
    said = provider.authorize(browser.begin())
    kept = browser.client.cookies[COOKIE]
    browser.client.cookies.clear()
    refused(browser.back(said), "expired")
    browser.client.cookies.set(COOKIE, kept)
    refused(browser.back({**said, "state": said["state"][::-1]}), "expired")
    browser.client.cookies.clear()
    said = provider.authorize(browser.begin())
    kept = browser.client.cookies[COOKIE]
    assert browser.back(said).status_code == 200
    browser.client.cookies.set(COOKIE, kept)  # a copied browser: the provider knows the code
    refused(browser.back(said), "expired")


def test_a_sign_in_is_not_anothers(
    browser: Browser, provider: OpenId, sqlite: Database, clock: Clock
) -> None:
    """Who is lured to a way back that somebody else began is not signed in as them."""
    other = Browser(sqlite, clock, settings(provider))
    said = provider.authorize(other.begin())
    browser.begin()
    refused(browser.back(said), "expired")
    assert browser.client.get("/api/v1/me", headers={"Accept": "*/*"}).status_code == 401


def test_it_may_take_ten_minutes(browser: Browser, provider: OpenId, clock: Clock) -> None:
    """And no longer."""
    for late, lets_in in ((0, True), (1, False)):
        said = provider.authorize(browser.begin())
        clock.now += 10 * MINUTE + late
        if lets_in:
            assert browser.back(said).status_code == 200
        else:
            refused(browser.back(said), "expired")


def unsigned(token: str) -> str:
    """The same, of a kind that nobody signs."""
    _, body, _ = token.split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{head}.{body}."


def confused(token: str) -> str:
    """The same, signed by what everybody knows; joserfc would not make one."""
    body = token.split(".")[1]
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"1"}').decode().rstrip("=")
    proof = hmac.digest(RSA.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(proof).decode().rstrip('=')}"


def altered(token: str) -> str:
    """Of somebody else, with the same signature."""
    head, body, end = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    said["sub"] = "u-2"
    body = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"{head}.{body}.{end}"


WRONG: dict[str, Callable[[OpenId], None]] = {
    "signed by another key": lambda p: setattr(p, "signs", WEAK),
    "signed by a key that is not published": lambda p: (
        setattr(p, "signs", EC) or setattr(p, "headers", {"alg": "ES256", "kid": "2"})
    ),
    "not signed": lambda p: setattr(p, "tampered", unsigned),
    "altered": lambda p: setattr(p, "tampered", altered),
    "signed with the public key as a secret": lambda p: setattr(p, "tampered", confused),
    "signed with the client's secret": lambda p: (
        setattr(p, "signs", OctKey.import_key(SECRET))
        or setattr(p, "headers", {"alg": "HS256", "kid": "1"})
    ),
    "no token at all": lambda p: setattr(p, "tampered", lambda _: None),
    "no token but a text": lambda p: setattr(p, "tampered", lambda _: "a.b"),
    "of another issuer": lambda p: p.claims.update(iss="https://evil.example"),
    "of no issuer": lambda p: p.claims.update(iss=None),
    "for another audience": lambda p: p.claims.update(aud="other"),
    "for no audience": lambda p: p.claims.update(aud=None),
    "for two, and no party named": lambda p: p.claims.update(aud=[CLIENT, "other"]),
    "for two, and another party": lambda p: p.claims.update(aud=[CLIENT, "other"], azp="other"),
    "for another party": lambda p: p.claims.update(azp="other"),
    "expired": lambda p: p.claims.update(exp=p.now() - SKEW_S - 1),
    "without an end": lambda p: p.claims.update(exp=None),
    "of tomorrow": lambda p: p.claims.update(iat=p.now() + SKEW_S + 1),
    "not good yet": lambda p: p.claims.update(nbf=p.now() + SKEW_S + 1),
    "with another nonce": lambda p: p.claims.update(nonce="x"),
    "without a nonce": lambda p: p.claims.update(nonce=None),
    "of nobody": lambda p: p.claims.update(sub=None),
    "of an empty subject": lambda p: p.claims.update(sub=""),
    "of a number": lambda p: p.claims.update(sub=7),
    "with another issuer's document": lambda p: p.more.update(issuer="https://evil.example"),
    "with a token endpoint in plain text": lambda p: p.more.update(
        token_endpoint="http://evil.example/token"  # noqa: S106 - an address
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_proven_is_not_believed(name: str, stranger: Browser, provider: OpenId) -> None:
    """Nobody is signed in."""
    WRONG[name](provider)
    answer = stranger.client.get("/sign-in/oidc")
    if answer.status_code == 303:
        answer = stranger.back(provider.authorize(answer.headers["Location"]))
    refused(answer, "untrusted")
    assert stranger.client.get("/api/v1/me", headers={"Accept": "*/*"}).status_code == 401


RIGHT: dict[str, Callable[[OpenId], None]] = {
    "for two, and us named": lambda p: p.claims.update(aud=["account", CLIENT], azp=CLIENT),
    "just expired": lambda p: p.claims.update(exp=p.now() - SKEW_S + 1),
    "a little ahead": lambda p: p.claims.update(iat=p.now() + SKEW_S - 1),
    "without a key's name": lambda p: setattr(p, "headers", {"alg": "RS256"}),
    "by an elliptic curve": lambda p: (
        setattr(p, "signs", EC)
        or setattr(p, "headers", {"alg": "ES256", "kid": "2"})
        or setattr(p, "published", [RSA, EC])
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_proven_is_believed(name: str, browser: Browser, provider: OpenId) -> None:
    """Clocks may differ by a minute."""
    RIGHT[name](provider)
    assert browser.sign_in(provider).status_code == 200


def test_keys_are_exchanged_without_a_restart(browser: Browser, provider: OpenId) -> None:
    """A new one is asked for when it is first met; also where it has the name of the old one."""
    assert browser.sign_in(provider).status_code == 200
    for number, key in enumerate((EC, ECKey.generate_key("P-256", {"kid": "2"})), 2):
        provider.signs, provider.published = key, [key]
        provider.headers = {"alg": "ES256", "kid": "2"}
        assert browser.sign_in(provider).status_code == 200
        assert browser.sign_in(provider).status_code == 200
        assert provider.asked.count("/keys") == number
    provider.signs, provider.headers = RSA, {"alg": "RS256", "kid": "1"}
    refused(browser.sign_in(provider), "untrusted")
    assert provider.asked.count("/.well-known/openid-configuration") == 1 < KEPT_S


def test_a_provider_that_is_away(
    browser: Browser, sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """The page says so, and whoever has a password signs in by it."""
    gone = settings(provider, desk_oidc_issuer=AWAY)
    other = Browser(sqlite, clock, gone)
    answer = other.client.get("/sign-in/oidc")
    refused(answer, "away")
    assert "127.0.0.1" not in answer.text
    users.add(sqlite, "wang", PASSWORD, Role.viewer, None, clock())
    assert (
        other.client.post("/sign-in", data={"name": "wang", "password": PASSWORD}).status_code
        == 303
    )
    # Away only once somebody comes back:
    provider.more["token_endpoint"] = AWAY
    browser = Browser(sqlite, clock, settings(provider))
    said = provider.authorize(browser.begin())
    refused(browser.back(said), "away")


def test_one_that_does_not_answer_keeps_no_more_than_some_threads(stranger: Browser) -> None:
    """Whoever comes beyond is told at once."""
    places = stranger.client.app.state.console.single_sign_on.provider._places  # type: ignore[attr-defined]
    for _ in range(AT_ONCE):
        places.acquire()
    refused(stranger.client.get("/sign-in/oidc"), "busy")
    for _ in range(AT_ONCE):
        places.release()
    assert stranger.begin()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"error": "access_denied"}, "denied"),
        ({"error": "<script>alert(1)</script>", "error_description": "<b>"}, "untrusted"),
        ({"code": "x", "iss": "https://evil.example"}, "untrusted"),
        ({"code": "guessed"}, "expired"),
        ({}, "expired"),
    ],
)
def test_what_the_provider_may_answer_instead(
    stranger: Browser, said: dict[str, str], reason: Reason
) -> None:
    """Nothing of it is shown."""
    state = dict(parse_qsl(urlsplit(stranger.begin()).query))["state"]
    answer = stranger.back({"state": state, **said})
    refused(answer, reason)
    assert not any(each in answer.text for each in ("<script>alert", "<b>", "evil"))


def test_one_that_names_itself_has_to(browser: Browser, provider: OpenId) -> None:
    """RFC 9207: an answer that does not say whose it is may be another provider's."""
    provider.more["authorization_response_iss_parameter_supported"] = True
    said = provider.authorize(browser.begin())
    refused(browser.back(said), "untrusted")
    said = provider.authorize(browser.begin())
    assert browser.back({**said, "iss": provider.issuer}).status_code == 200


def test_a_wrong_secret_is_told_to_the_log(
    browser: Browser,
    sqlite: Database,
    clock: Clock,
    provider: OpenId,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the provider's own word; neither secret, code nor name is in it."""
    other = Browser(sqlite, clock, settings(provider, desk_oidc_client_secret=WRONG_SECRET))
    said = provider.authorize(other.begin())
    refused(other.back(said), "untrusted")
    assert "invalid_client" in caplog.text
    assert not any(each in caplog.text for each in (WRONG_SECRET, said["code"], "u-1"))


def test_roles_and_shops_are_those_of_the_last_sign_in(
    sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """By values of a claim; who has none is not let in."""
    given = settings(
        provider,
        desk_oidc_role_claim="realm_access.roles",
        desk_oidc_roles=("desk=viewer", "boss=admin"),
        desk_oidc_shops_claim="shops",
    )
    browser = Browser(sqlite, clock, given)
    provider.claims |= {"realm_access": {"roles": ["boss", "desk"]}, "shops": ["s-1", "抖音/s-2"]}
    assert browser.sign_in(provider).status_code == 200
    me = browser.client.get("/api/v1/me").json()
    assert me == {"name": "li", "role": "admin", "shops": ["*/s-1", "douyin/s-2"]}
    other = Browser(sqlite, clock, given)
    provider.claims |= {"realm_access": {"roles": ["desk"]}, "shops": "*"}
    assert other.sign_in(provider).status_code == 200
    for each in (other, browser):  # what was begun with more is worth no more
        assert each.client.get("/api/v1/me").json() == {
            "name": "li",
            "role": "viewer",
            "shops": None,
        }
    provider.claims |= {"realm_access": {"roles": ["other"]}}
    refused(other.sign_in(provider), "no_role")
    provider.claims |= {"realm_access": {"roles": ["desk"]}, "shops": []}
    refused(other.sign_in(provider), "no_shop")
    provider.claims |= {
        "shops": ["s-1", "douyin/"]
    }  # with the other one alone less is seen than meant
    refused(other.sign_in(provider), "no_shop")


def test_a_name_is_the_first_ones(
    browser: Browser, sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """Nobody becomes a user of the desk, or another user of the provider, by taking their name."""
    users.add(sqlite, "wang", PASSWORD, Role.admin, None, clock())
    provider.claims["preferred_username"] = "wang"
    refused(browser.sign_in(provider), "name")
    provider.claims["preferred_username"] = "li"
    assert browser.sign_in(provider).status_code == 200
    provider.claims["sub"] = "u-2"
    refused(browser.sign_in(provider), "name")
    with pytest.raises(users.UserError, match="already"):
        users.add(sqlite, "li", PASSWORD, Role.admin, None, clock())
    with pytest.raises(users.UserError, match="signs in by the provider"):
        users.set_password(sqlite, "li", PASSWORD)
    for password in ("", PASSWORD):
        assert users.sign_in(sqlite, "li", password, "a", clock(), MINUTE) is None
    for wrong in ("token:li", "a b", "x" * 65, "<b>", "", 7, None):
        provider.claims |= {"sub": "u-3", "preferred_username": wrong}
        answer = browser.sign_in(provider)
        if wrong is None:  # the token has none: it is `sub`
            assert answer.status_code == 200
            assert browser.client.get("/api/v1/me").json()["name"] == "u-3"
        else:
            refused(answer, "name")


def test_a_user_who_is_called_otherwise_stays_the_same(
    browser: Browser, sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """Views go along; sessions of the former name end."""
    assert browser.sign_in(provider).status_code == 200
    with sqlite.writing() as connection:
        connection.execute(tables.views.insert().values(user_name="li", name="v", query="q=1"))
    provider.claims["preferred_username"] = "li.na"
    other = Browser(sqlite, clock, settings(provider))
    assert other.sign_in(provider).status_code == 200
    assert browser.client.get("/api/v1/me", headers={"Accept": "*/*"}).status_code == 401
    with sqlite.reading() as connection:
        assert [who.name for who in users.listed(connection)] == ["li.na"]
        assert connection.execute(select(tables.views.c.user_name)).scalars().all() == ["li.na"]


def test_without_local_users_no_password_is_taken(
    sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """The form has no field for one, and who sends one all the same is refused."""
    users.add(sqlite, "wang", PASSWORD, Role.viewer, None, clock())
    browser = Browser(sqlite, clock, settings(provider, desk_local_users=False))
    page = browser.client.get("/sign-in?next=/shops").text
    assert ('name="password"' in page, "/sign-in/oidc?next=%2Fshops" in page) == (False, True)
    answer = browser.client.post("/sign-in", data={"name": "wang", "password": PASSWORD})
    assert (answer.status_code, "takes no passwords" in answer.text) == (403, True)
    assert browser.sign_in(provider).status_code == 200


def test_a_desk_without_a_provider_has_no_way_to_one(sqlite: Database, clock: Clock) -> None:
    """Its form is as it was."""
    browser = Browser(sqlite, clock, Settings())
    assert "/sign-in/oidc" not in browser.client.get("/sign-in").text
    for path in ("", "/callback", "/leave"):
        assert browser.client.get(f"/sign-in/oidc{path}").status_code == 404


def test_sessions_of_those_who_may_not_sign_in_any_more_end(sqlite: Database) -> None:
    """Of the desk's own users, or of the provider's."""
    users.add(sqlite, "wang", PASSWORD, Role.viewer, None, NOON)
    for external in (True, False):
        own = users.sign_in(sqlite, "wang", PASSWORD, "a", NOON, MINUTE)
        theirs = users.admit(sqlite, Who("li", Role.viewer), "0" * 64, NOON, MINUTE)
        assert own is not None
        assert users.end_sessions(sqlite, external=external) >= 1
        with sqlite.reading() as connection:
            left = [users.signed_in(connection, each.secret, NOON) for each in (own, theirs)]
        assert [each is None for each in left] == [not external, external]


def test_signing_out(browser: Browser, provider: OpenId) -> None:
    """Of the desk; and then, who wants to, of the provider."""
    assert browser.sign_in(provider).status_code == 200
    page = browser.client.get("/warnings").text
    csrf = re.search(r"X-CSRF-Token\": \"([^\"]+)\"", page)
    assert csrf is not None
    answer = browser.client.post("/sign-out", headers={"X-CSRF-Token": csrf[1]})
    assert answer.headers["HX-Redirect"] == "/sign-in?left=1"
    assert browser.client.get("/api/v1/me", headers={"Accept": "*/*"}).status_code == 401
    assert 'href="/sign-in/oidc/leave"' in browser.client.get("/sign-in?left=1").text
    where = urlsplit(browser.begin("/sign-in/oidc/leave"))
    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{provider.issuer}/leave"
    assert dict(parse_qsl(where.query)) == {
        "client_id": CLIENT,
        "post_logout_redirect_uri": f"{DESK}/sign-in",
    }


def test_by_https_no_other_host_can_set_the_cookie(
    sqlite: Database, clock: Clock, provider: OpenId
) -> None:
    """`__Host-`, Secure, and Lax, for the way back is from elsewhere."""
    browser = Browser(sqlite, clock, settings(provider, desk_url="https://localhost"))
    cookie = browser.client.get("/sign-in/oidc").headers["Set-Cookie"]
    assert cookie.startswith("__Host-shipsentry_desk_oidc=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"} <= {
        each.strip() for each in cookie.split(";")
    }
    assert "Domain" not in cookie
    answer = browser.sign_in(provider)
    assert answer.status_code == 200
    assert all("Secure" in each for each in answer.headers.get_list("Set-Cookie"))


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_it_leads_nowhere_else(browser: Browser, provider: OpenId, path: str) -> None:
    """Only to a page of this desk."""
    said = provider.authorize(browser.begin(f"/sign-in/oidc?next={path}"))
    assert 'content="0; url=/warnings"' in browser.back(said).text


CLAIMS = Claims("name", (("a", Role.viewer), ("*", Role.operator)), "https://x.example/roles")


def test_a_claim_may_have_dots_in_its_name() -> None:
    """And whoever has no value of a role is anybody."""
    said = {"iss": "i", "sub": "s", "name": "li", "https://x.example/roles": ["a"]}
    assert person(said, CLAIMS).role is Role.operator
    with pytest.raises(NotLetIn, match="no_role"):
        person(said, Claims("name", (("b", Role.admin),), "https://x.example/roles"))


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://a.example", False),
        ("ftp://a.example", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("http://[", False),
        (None, False),
    ],
)
def test_secrets_go_by_https(url: object, safe: bool) -> None:
    """Or stay on this machine."""
    assert is_safe(url) is safe


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"desk_oidc_client_id": None}, "DESK_OIDC_CLIENT_ID is not set"),
        ({"desk_url": None}, "DESK_URL is not set"),
        ({"desk_oidc_roles": ()}, "DESK_OIDC_ROLES is not set"),
        ({"desk_oidc_roles": ("x",)}, "'x' is not value=role"),
        ({"desk_oidc_roles": ("x=boss",)}, "'x=boss' is not value=role"),
        ({"desk_oidc_roles": ("x=admin",)}, "DESK_OIDC_ROLE_CLAIM is not set"),
        ({"desk_oidc_scopes": ("profile",)}, "openid has to be among them"),
        ({"desk_oidc_issuer": "http://a.example"}, "it has to be https"),
        ({"desk_oidc_issuer": "https://a.example?x"}, "it is an address alone"),
        ({"desk_url": "https://a.example/desk"}, "the desk has no path"),
        ({"desk_oidc_issuer": None, "desk_local_users": False}, "nobody could sign in"),
        ({"desk_oidc_client_secret_file": __file__}, "only one of them is allowed"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], said: str) -> None:
    """The message names the setting and what is allowed."""
    base = {
        "desk_oidc_issuer": "https://a.example/realms/x",
        "desk_oidc_client_id": "desk",
        "desk_oidc_client_secret": "geheim-geheim",
        "desk_url": "https://desk.example/",
        "desk_oidc_roles": ("*=viewer",),
    }
    with pytest.raises(SettingsError) as error:
        load_settings(**{**base, **given})
    assert said in str(error.value)
    assert "geheim" not in str(error.value)


def test_a_secret_from_a_file(tmp_path: Any, provider: OpenId) -> None:
    """Its last line break is none of it; an empty file is an error."""
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    given = settings(provider, desk_oidc_client_secret=None, desk_oidc_client_secret_file=path)
    made = single_sign_on(given)
    assert made is not None
    assert made.provider.client.secret == SECRET
    path.write_text("\n")
    with pytest.raises(SettingsError, match="is empty"):
        single_sign_on(given)
