"""Settings of who may ask for the pages: what they take, what they refuse and in which words."""

from __future__ import annotations

import errno
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest
from support.certificates import authority, signed

from streams.settings import SettingsError, load_settings

OLD, NEW = "old-token-0123456789", "new-token-0123456789"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes keys by openssl")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No file of settings is near."""
    monkeypatch.chdir(tmp_path)


def refusal(**given: Any) -> str:
    """Why settings cannot be used, in one line."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**given).access()
    (line,) = caught.value.problems
    return line


def test_by_default_nothing_is_asked_for() -> None:
    """Health and metrics are open, the rest on loopback; names are the worker's own."""
    access = load_settings(advertised_http="Worker-1.shipsentry:80").access()
    assert (access.asks, access.scheme, access.deadline) == (False, "http", 10.0)
    assert access.open_pages == {"health", "metrics"}
    assert access.headers() == {}
    assert access.knows_host("worker-1.shipsentry:8080")
    assert not access.knows_host("worker-2.shipsentry")


def test_tokens_come_from_a_variable_or_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first is shown to others, each is good; none is in what settings print."""
    (tmp_path / "tokens").write_text(f"\n{NEW}\n{OLD}\n")
    monkeypatch.setenv("SHIPSENTRY_HTTP_TOKEN", f"{NEW}, {OLD}")
    by_variable = load_settings()
    monkeypatch.delenv("SHIPSENTRY_HTTP_TOKEN")
    monkeypatch.setenv("SHIPSENTRY_HTTP_TOKEN_FILE", str(tmp_path / "tokens"))
    for settings in (by_variable, load_settings()):
        tokens = settings.access().tokens
        assert tokens is not None
        assert (tokens.good(OLD), tokens.good(NEW), tokens.good("")) == (True, True, False)
        assert settings.access().headers() == {"Authorization": f"Bearer {NEW}"}
        assert NEW not in repr(settings) + repr(settings.access())


@pytest.mark.parametrize("name", ["SHIPSENTRY_HTTP_TOKEN", "SHIPSENTRY_HTTP_TOKEN_FILE"])
def test_what_is_no_token_is_named_by_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The variable, which of them, what is allowed; never the token."""
    (tmp_path / "tokens").write_text(f"{OLD}\nhunter2\n")
    file = name.endswith("FILE")
    monkeypatch.setenv(name, "tokens" if file else f"{OLD},hunter2")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (line,) = caught.value.problems
    assert line == (
        f"{name}{'=' + repr('tokens') if file else ''} is not usable (token 2 has 7 characters): "
        f"allowed is {'the path of a file with ' if file else ''}up to 8 tokens of 16 to 512 "
        "letters, digits and -._~+/"
    )


def test_a_file_of_tokens_that_may_not_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is this file that the line names, and not the one with the settings."""
    (tmp_path / "tokens").write_text(f"{OLD}\n")

    def refuse(_path: Path, **_: str) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    line = refusal(http_token_file=Path("tokens"))
    assert line.startswith(
        "http_token_file=PosixPath('tokens') is not usable (Permission denied): allowed is"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"http_token": OLD, "http_token_file": "tokens"}, "only one of them is allowed"),
        ({"http_token_file": "nowhere"}, "no such file"),
        ({"http_certfile": "tokens"}, "SHIPSENTRY_HTTP_KEYFILE: only both together"),
        ({"http_client_cafile": "tokens"}, "allowed with SHIPSENTRY_HTTP_CERTFILE"),
        ({"http_open_pages": "health,metric"}, "there is no page 'metric'"),
        (
            {"http_open_pages": "check"},
            "SHIPSENTRY_HTTP_OPEN_PAGES=check: without SHIPSENTRY_HTTP_TOKEN_FILE or "
            "SHIPSENTRY_HTTP_CLIENT_CAFILE nobody could ask for health or metrics",
        ),
        ({"http_allowed_hosts": "a.example:80"}, "'a.example:80' is no name of a host"),
        ({"http_allowed_hosts": "https://a"}, "'https://a' is no name of a host"),
        ({"http_deadline_s": 0.1}, "a number from 0.5 to 600"),
        ({"http_cafile": "tokens"}, "allowed is a file of certificates (PEM)"),
        (
            {"http_certfile": "tokens", "http_keyfile": "tokens"},
            "with the key's password in SHIPSENTRY_HTTP_KEY_PASSWORD where it has one",
        ),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    """One line that says which setting, and what is allowed."""
    (tmp_path / "tokens").write_text(f"{OLD}\n")
    assert words in refusal(**given)


def test_pages_are_opened_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token metrics may be closed."""
    monkeypatch.setenv("SHIPSENTRY_HTTP_OPEN_PAGES", "health, check,check")
    assert load_settings(http_token=OLD).access().open_pages == {"health", "check"}


@needs_openssl
def test_certificates(tmp_path: Path) -> None:
    """They serve by HTTPS and ask by it; clients' are wanted where their authority is named."""
    trusted = authority(tmp_path)
    own = signed(trusted, tmp_path, "worker", "127.0.0.1")
    pair = {"http_certfile": own.certificate, "http_keyfile": own.key}
    settings = load_settings(**pair)
    assert settings.web_address == "https://127.0.0.1:8080"
    access = settings.access()
    assert (access.scheme, access.asks) == ("https", False)
    assert access.server_tls is not None
    assert access.server_tls.verify_mode is ssl.CERT_NONE
    access = load_settings(**pair, http_client_cafile=trusted.certificate).access()
    assert access.asks
    assert access.server_tls is not None
    assert access.server_tls.verify_mode is ssl.CERT_OPTIONAL
    for given in (pair, {"http_cafile": trusted.certificate}):
        asking = load_settings(**given).access().client_tls
        assert asking is not None
        assert (asking.verify_mode, asking.check_hostname) == (ssl.CERT_REQUIRED, True)
