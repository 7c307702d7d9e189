"""Payloads of every source, in `tests/inputs/sources/data`, as requests and what they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from streams.inputs.sources.configuration import FeedOptions
from streams.inputs.sources.payload import Outcome, Payload
from streams.inputs.sources.registry import SOURCES

DATA = Path(__file__).parents[1] / "inputs" / "sources" / "data"
ARRIVED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
CASES = sorted(
    path.relative_to(DATA)
    for path in DATA.glob("*/*")
    if path.name != "config.json" and not path.name.endswith(".expected.jsonl")
)


def options(case: Path) -> FeedOptions:
    """What is configured for a payload: its entry of config.json beside it."""
    file = DATA / case.parent / "config.json"
    every = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return FeedOptions.model_validate(every.get(case.name, {}))


def payload(case: Path, body: bytes | None = None) -> Payload:
    """A payload as it would arrive."""
    said = options(case)
    headers = {name.lower(): value for name, value in said.headers.items()}
    content = (DATA / case).read_bytes() if body is None else body
    return Payload(content, ARRIVED_AT, headers, said.query)


def read(case: Path, body: bytes | None = None) -> Outcome:
    """What a source makes of it."""
    return SOURCES[case.parts[0]].read(payload(case, body), options(case).feed())
