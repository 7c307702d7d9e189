"""Authorities and certificates of a test's own, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Signed(NamedTuple):
    """A certificate and its private key, both PEM."""

    certificate: Path
    key: Path


def authority(folder: Path, name: str = "authority") -> Signed:
    """One that signs itself, and others."""
    return _make(folder, name)


def signed(by: Signed, folder: Path, name: str, *hosts: str) -> Signed:
    """A certificate of an authority, for servers at the addresses given and for clients."""
    names = ",".join(f"IP:{host}" for host in hosts) or f"DNS:{name}"
    return _make(
        folder,
        name,
        *("-CA", by.certificate, "-CAkey", by.key),
        *("-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"),
    )


def _make(folder: Path, name: str, *options: str | Path) -> Signed:
    found = Signed(folder / f"{name}.pem", folder / f"{name}-key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", *options),
            *("-out", found.certificate, "-keyout", found.key),
        ],
        check=True,
        capture_output=True,
    )
    return found
