"""Every source: payloads of its shapes become the messages beside them, whatever else comes."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from support.source_payloads import ARRIVED_AT, CASES, DATA, options, payload, read

from benchmarks.fuzz_payloads import fuzz
from schemas import OrderPaid, TrackingUpdate
from streams.inputs.sources.configuration import FeedOptions
from streams.inputs.sources.payload import Outcome, Payload
from streams.inputs.sources.registry import SOURCES
from streams.inputs.sources.source import Source

PROOFS = {
    name.lower()
    for file in DATA.glob("*/config.json")
    for entry in json.loads(file.read_text(encoding="utf-8")).values()
    for name in [*entry.get("headers", {}), *entry.get("query", {})]
} | {"x-timestamp", "app-id", "timestamp", "nonce"}
"""Headers and parameters that prove requests."""


def lines(outcome: Outcome) -> list[Any]:
    """An outcome as its file has it: messages, refusals' reasons, counts."""
    found: list[Any] = [
        {"topic": each.topic, "key": each.key, "value": each.value}
        | ({} if each.timestamp is None else {"timestamp": each.timestamp.isoformat()})
        for each in outcome.messages
    ]
    found += [{"refused": reason} for reason, _ in outcome.refusals]
    found += [{"passed": dict(outcome.passed)}] if outcome.passed else []
    return found + ([{"unknown": dict(outcome.unknown)}] if outcome.unknown else [])


def test_every_source_has_payloads() -> None:
    """A push at least, in a folder of its name."""
    assert {case.parts[0] for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_payload_becomes_its_messages(case: Path) -> None:
    """Those beside it, in their order; refusals by reason, counts of what was passed over."""
    expected = (DATA / case.parent / f"{case.name}.expected.jsonl").read_text(encoding="utf-8")
    assert lines(read(case)) == [json.loads(line) for line in expected.splitlines()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_its_messages_keep_the_contract(case: Path) -> None:
    """The models of the messages take each one."""
    context = {"arrival_us": int(ARRIVED_AT.timestamp() * 1_000_000)}
    for message in read(case).messages:
        model = OrderPaid if message.topic == "order-paid" else TrackingUpdate
        if message.value is not None:
            model.model_validate(message.value, context=context)


def test_what_is_damaged_on_the_way_is_said() -> None:
    """Of a damaged payload something may still be read; else it is unreadable, and no error."""
    total = fuzz(60 * len(CASES), 7)
    assert total.keys() == {"unreadable", "as before", "messages", "no messages"}


@pytest.mark.parametrize("case", [case for case in CASES if options(case).secret], ids=str)
def test_a_genuine_request_is_told_from_others(case: Path) -> None:
    """By the secret that its configuration has, and by no other."""
    source, sent, feed = SOURCES[case.parts[0]], payload(case), options(case).feed()
    assert source.genuine(sent, feed) is True
    other = options(case).model_copy(update={"secret": feed.secret + "x"}).feed()
    assert source.genuine(sent, other) is False
    if source.checked == "signature" and "token" not in sent.query:
        middle = len(sent.body) // 2
        changed = bytes([sent.body[middle] ^ 1])
        forged = sent.body[:middle] + changed + sent.body[middle + 1 :]
        assert source.genuine(payload(case, forged), feed) is not True


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("said", ["\udcff", "t=\udcff,v1=\udcff", "Bearer \udcff", "１２３"])
def test_no_header_breaks_the_proof(source: Source, said: str) -> None:
    """Bytes that are no UTF-8 come as halves of characters; they prove nothing."""
    sent = dict.fromkeys(PROOFS, said)
    feed = FeedOptions.model_validate({"secret": "a-secret"}).feed()
    for body in (b"{}", b"param=1&sign=%ff", b'{"verifyInfo":{"timeStr":"\\udcff"}}'):
        assert source.genuine(Payload(body, ARRIVED_AT, sent, sent), feed) is not True


def test_what_stands_beside_a_signed_line_needs_its_own() -> None:
    """Whoever has seen one signed push of ZTO cannot put another one under it."""
    feed = FeedOptions.model_validate({"secret": "a-secret"}).feed()
    data = '{"billCode":"78000000000001"}'
    digest = base64.b64encode(
        hashlib.md5((data + "a-secret").encode(), usedforsecurity=False).digest()
    ).decode()
    line = json.dumps({"data": data, "data_digest": digest}).encode()
    zto = SOURCES["zto"]
    assert zto.genuine(Payload(line, ARRIVED_AT), feed) is True
    assert zto.genuine(Payload(line + b"\n" + line, ARRIVED_AT), feed) is True
    for forged in (b'{"billCode":"1"}', b'{"data":{"billCode":"1"},"data_digest":"x"}'):
        assert zto.genuine(Payload(line + b"\n" + forged, ARRIVED_AT), feed) is not True
