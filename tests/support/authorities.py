"""Certificates for tests, made by openssl: an authority, and what it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_PAST = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
_NOW = ("-days", "2")

_CA = """\
[ca]
default_ca = only
[only]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its private key (PEM), and both in one file, as Kafka takes them."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates; `certificate` is what trusts it."""

    def __init__(self, folder: Path, name: str = "tests") -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self.certificate, self._key = folder / "ca.pem", folder / "ca-key.pem"
        (folder / "index.txt").touch()
        (folder / "serial").write_text("1000\n")
        (folder / "ca.cnf").write_text(_CA.format(folder=folder))
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={name}", "-out", self.certificate, "-keyout", self._key),
        )

    def sign(
        self, name: str, *, host: str | None = None, expired: bool = False, password: str = ""
    ) -> Signed:
        """A certificate of `/CN=name`, for a server at `host` (`IP:…` or `DNS:…`) where given.

        With `password` the key is encrypted (PKCS #8).
        """
        folder = self._folder
        request, certificate = folder / f"{name}.csr", folder / f"{name}.pem"
        key, both = folder / f"{name}-key.pem", folder / f"{name}-both.pem"
        extension = () if host is None else ("-addext", f"subjectAltName={host}")
        secret = ("-passout", f"pass:{password}") if password else ("-nodes",)
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", *secret),
            *("-subj", f"/CN={name}", *extension, "-out", request, "-keyout", key),
        )
        _openssl(
            *("ca", "-batch", "-notext", "-config", folder / "ca.cnf", "-cert", self.certificate),
            *("-keyfile", self._key, "-in", request, "-out", certificate),
            *(_PAST if expired else _NOW),
        )
        both.write_text(key.read_text() + certificate.read_text())
        return Signed(certificate, key, both)


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(
        ["openssl", *arguments],  # noqa: S607  the one that the path finds
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
