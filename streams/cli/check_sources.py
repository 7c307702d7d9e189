"""Where `shipsentry check` has its answer from: a running worker, or a replay of files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

import click
import msgspec

from schemas.cleaning import clean, clean_id, is_damaged
from schemas.fields import DAMAGED, MAX_ID_LENGTH
from streams.cli.reading import look
from streams.decode.keys import parcel_key
from streams.decode.names import with_own
from streams.engine.pages.access import Access
from streams.inputs.cells import Reading
from streams.inputs.rejected import Counted
from streams.inputs.sources.scope import Scope
from streams.judge.precheck import RuleFailed, ask_order
from streams.outputs.check_answer import answer
from streams.profiles.loader import ProfileError, load
from streams.replay.history import play
from streams.replay.machine import Machine
from streams.replay.namesakes import moving_as
from streams.settings import Settings
from streams.telemetry.counted import counted

_AGAIN = 0.5
"""Seconds between two tries while a worker says that it is not ready."""

_LONGEST = 1 << 20


class _Stay(HTTPRedirectHandler):
    """Goes nowhere else: the token is for the worker that was asked."""

    def redirect_request(self, *_: Any) -> None:
        """Another worker never sends on."""


class Unanswered(Exception):
    """There is no answer; `usage`: it is the question that is wrong."""

    def __init__(self, why: str, *, usage: bool = False) -> None:
        super().__init__(why)
        self.usage = usage


def refuse_unusable(carrier: str, number: str, order_id: str) -> None:
    """Raise Unanswered, naming the argument, where a question can be about no parcel or order."""
    for name, value in (("CARRIER", carrier), ("NUMBER", number), ("--order", order_id)):
        if not clean_id(value):
            raise Unanswered(f"{name} is blank", usage=True)
        if len(value) > MAX_ID_LENGTH:
            why = f"{name} has {len(value)} characters; allowed are {MAX_ID_LENGTH}"
            raise Unanswered(why, usage=True)
    if is_damaged(clean_id(order_id)):
        raise Unanswered(f"--order {order_id!r} {DAMAGED}", usage=True)
    if ":" in clean(carrier):
        raise Unanswered(f"CARRIER {carrier!r} holds a colon; no carrier's name may", usage=True)


def ask_worker(
    base: str, access: Access, carrier: str, number: str, order_id: str, patience: float
) -> dict[str, Any]:
    """A worker's answer; one that is not ready is asked again for `patience` seconds. `access` has
    what shows it that it may answer."""
    if not base:
        raise Unanswered("the worker's web pages are off (SHIPSENTRY_HTTP_PORT=0): name one")
    if urlsplit(base).scheme not in ("http", "https"):
        raise Unanswered(f"{base!r} is no http:// address", usage=True)
    query = urlencode({"carrier": carrier, "tracking_number": number, "order_id": order_id})
    # Workers are near: no proxy is asked.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=access.client_tls), _Stay())
    request = Request(f"{base.rstrip('/')}/check?{query}", headers=dict(access.headers()))  # noqa: S310  looked at above
    give_up = time.monotonic() + patience
    while True:
        left = max(0.1, give_up - time.monotonic())
        try:
            with opener.open(request, timeout=left) as response:
                return _found(response.read(_LONGEST), base)
        except HTTPError as error:
            with error:
                why = _error(error.read(_LONGEST)) or f"status {error.code}"
            if error.code == 400:
                raise Unanswered(why, usage=True) from None
            problem = f"the worker at {base} cannot answer: {why}"
            if error.code != 503:
                raise Unanswered(problem) from None
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Unanswered(f"no worker answers at {base}: {reason}") from None
        if time.monotonic() + _AGAIN > give_up:
            raise Unanswered(problem)
        time.sleep(_AGAIN)


def ask_files(
    settings: Settings,
    orders: Path,
    tracking: Path,
    reading: Reading,
    scope: Scope | None,
    until: int | None,
    carrier: str,
    number: str,
    order_id: str,
) -> dict[str, Any]:
    """The answer after a replay of files; raises Unanswered, RefusedFile, OSError."""
    try:
        profiles = load(settings.profile_dirs)
    except ProfileError as error:
        raise Unanswered("\n".join(error.problems)) from error
    names = with_own(*profiles.own_names)
    key, order_id = parcel_key(carrier, number, names), clean_id(order_id)
    bad = Counted()
    machine = Machine(profiles, lambda _: None)
    files = look(orders, tracking, reading)
    now = play(machine, files, until, bad.take, lambda _: None, scope, names=names)
    if bad.count:
        click.echo(
            f"passed over: {counted(bad.count, 'bad line')} (see `shipsentry replay`)", err=True
        )
    try:
        word = ask_order(machine.order_state(order_id), key, now, profiles)
    except RuleFailed as error:
        raise Unanswered(f"{error}: {error.__cause__!r}") from error
    elsewhere = moving_as(machine, key)
    return answer(key, machine.parcel_state(key), order_id, word, profiles, now, elsewhere)


def _found(body: bytes, base: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = {}
    if found.get("schema_version") != 1 or "verdict" not in found:
        raise Unanswered(f"what answers at {base} is no worker of this release")
    return found


def _error(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body, type=dict[str, Any]).get("error", ""))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
