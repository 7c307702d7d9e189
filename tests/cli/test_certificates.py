"""Certificates that cannot be used are said at once, and not as a broker that is not reached."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from support.ports import free_port

from streams.settings import SettingsError, load_settings

Run = Callable[..., Result]

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes keys by openssl")


def make(folder: Path, name: str, password: str = "") -> tuple[Path, Path]:
    """A certificate that signs itself, and its key, which may have a password."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
    secret = ["-passout", f"pass:{password}"] if password else ["-nodes"]
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-days",
                "2",
                "-subj",
                f"/CN={name}",
            ),
            *("-out", certificate, "-keyout", key, *secret),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def refusal(**given: object) -> str:
    """Why these settings cannot be used to connect, in one line."""
    with pytest.raises(SettingsError) as caught:
        load_settings(security_protocol="SSL", **given).tls_context()
    (line,) = caught.value.problems
    assert "\n" not in line
    return line


@pytest.mark.parametrize("command", ["worker", "topics check", "warnings tail", "play"])
def test_no_command_asks_a_broker_with_them(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """Status 2, as for every setting that is wrong, and a line that names it."""
    (tmp_path / "ca.pem").write_text("nonsense\n")
    monkeypatch.setenv("SHIPSENTRY_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("SHIPSENTRY_SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv("SHIPSENTRY_SSL_CAFILE", "ca.pem")
    result = run(*command.split())
    assert result.exit_code == 2
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: SHIPSENTRY_SSL_CAFILE=ca.pem is not usable (")
    assert last.endswith("): allowed is a file of certificates (PEM)")


def test_a_key_that_is_none(tmp_path: Path) -> None:
    """Both settings are named: which of the two is wrong, OpenSSL does not say."""
    for name in ("cert", "key"):
        (tmp_path / name).write_text("nonsense\n")
    line = refusal(ssl_certfile=tmp_path / "cert", ssl_keyfile=tmp_path / "key")
    assert line.startswith(
        f"SHIPSENTRY_SSL_CERTFILE={tmp_path}/cert and SHIPSENTRY_SSL_KEYFILE={tmp_path}/key are "
        "not usable ("
    )


@needs_openssl
def test_what_can_be_used_is_not_refused(tmp_path: Path) -> None:
    """An authority, a key without a password, a key with the right one."""
    open_, locked = make(tmp_path, "open"), make(tmp_path, "locked", "hunter2")
    for (certificate, key), password in ((open_, None), (open_, "unused"), (locked, "hunter2")):
        load_settings(
            security_protocol="SSL",
            ssl_cafile=certificate,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            ssl_key_password=password,
        ).tls_context()


@needs_openssl
@pytest.mark.parametrize("password", [None, "hunter3", "x" * 2000])
def test_a_wrong_password_is_not_asked_for_and_not_shown(
    tmp_path: Path, password: str | None
) -> None:
    """The setting of the password is named."""
    certificate, key = make(tmp_path, "locked", "hunter2")
    line = refusal(ssl_certfile=certificate, ssl_keyfile=key, ssl_key_password=password)
    assert line.endswith("with the key's password in SHIPSENTRY_SSL_KEY_PASSWORD where it has one")
    assert "hunter" not in line
    assert "xxx" not in line


@needs_openssl
def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    """Each is good by itself."""
    one, other = make(tmp_path, "one"), make(tmp_path, "other")
    assert "mismatch" in refusal(ssl_certfile=one[0], ssl_keyfile=other[1]).lower()


def test_without_tls_nothing_is_read(tmp_path: Path) -> None:
    """The files are of no use then."""
    (tmp_path / "ca.pem").write_text("nonsense\n")
    load_settings(ssl_cafile=tmp_path / "ca.pem").tls_context()
