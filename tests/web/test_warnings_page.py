"""`/warnings` over HTTP: what is not understood is refused, rules of packs are understood."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from streams.app import assemble
from streams.engine.kafka.config import EngineConfig
from streams.engine.kafka.topics import Topics
from streams.engine.pages.guard import WORD_HEADER
from streams.profiles.loader import load
from streams.profiles.model import Profiles
from streams.rules.registry import RULES

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks the page of a worker that is not started: status, and the error it answers with."""
    (douyin,) = (one for one in load().all if one.platform == "douyin")
    packed: Any = SimpleNamespace(name="of_a_pack")
    generic = load().at("", 0)
    profiles = Profiles([replace(douyin, order_rules=(*douyin.order_rules, packed)), generic])
    config = EngineConfig(app_id="a", bootstrap="127.0.0.1:1", data_dir=tmp_path, partitions=1)
    app = assemble(config, Topics(app_id="a"), profiles, warnings_page=True)
    (page,) = (route for route in app.routes if route.path == "/warnings")
    handler: Callable[[web.Request], Awaitable[Any]] = page.handler

    def answer(query: str, word: str | None = None) -> tuple[int, Any]:
        own = app.engine.peers.own.word
        headers = {} if word is None else {WORD_HEADER: own if word == "own" else word}
        request = make_mocked_request("GET", f"/warnings?{query}", headers=headers)
        found = asyncio.run(handler(request))  # type: ignore[arg-type]
        return found.status, json.loads(found.body)["error"]

    return answer


READY = (503, "this worker is restoring, or its partitions have just moved")
"""What a worker that is not started answers to a question that it understands."""


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("format=csv", "format='csv': allowed is html, json"),
        ("lang=fr", "lang='fr': allowed is en, zh"),
        ("state=nope", "state='nope': allowed is open, breached"),
        ("stage=nope", "stage='nope': allowed is violation, serious, notice"),
        ("rule=nope", f"rule='nope': allowed is {', '.join(RULES)}, of_a_pack"),
        ("limit=5&limit=6", "limit is given 2 times: once is allowed"),
        ("within_hours=soon", "within_hours='soon': a number from 0 to 8784 is allowed"),
        (
            "colour=red",
            "colour: there is no such parameter; there are platform, shop, rule, stage, state, "
            "carrier, within_hours, limit, lang, format",
        ),
    ],
)
def test_what_is_not_understood_is_400(ask: Ask, query: str, why: str) -> None:
    """Parameter, value, what is allowed; before any state is looked at."""
    assert ask(query) == (400, why)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "rule=of_a_pack&rule=delivery_overdue",
        "lang=zh&within_hours=12&var-platform=$__all&var-shop=s-1&var-shop=s-2",
        "format=json&state=open&within_hours=4&shop=s-1",
    ],
)
def test_what_is_understood_is_answered(ask: Ask, query: str) -> None:
    """Rules of packs and rules that are off, what dashboards ask, what the docs ask."""
    assert ask(query) == READY


def test_a_worker_that_asks_for_its_peer_is_known_by_its_word(ask: Ask) -> None:
    """It brings what it has checked by its own packs; a stranger's header opens nothing."""
    assert ask("rule=of_its_own_pack", word="own") == READY
    assert ask("rule=of_its_own_pack", word="guessed") == (
        403,
        "this answer is for the application's workers",
    )
