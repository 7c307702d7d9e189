"""The API keeps to its own document, whoever asks for whatever.

Schemathesis makes requests from the document, right and wrong ones, always the same; they go to the
app in this process. `SHIPSENTRY_API_EXAMPLES` is how many there are of each kind for each route and
who asks: before a release let it be some hundreds.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from support.desk import LARGE, NOON, an_id, put, reads, take, warned

from streams.decode.names import BUILT_IN
from streams.desk.access import tokens
from streams.desk.access.who import Role
from streams.desk.actions.perform import Act, perform
from streams.desk.api import events
from streams.desk.api.app import document, make_app
from streams.desk.api.desk import Desk
from streams.desk.database.database import Database, sqlite_url
from streams.desk.database.migrate import upgrade
from streams.desk.database.sight import Shop
from streams.desk.intake.messages import checkpoint, order_version, product_day, shop_day
from streams.desk.intake.write import write
from streams.facts.times import iso

EXAMPLES = int(os.environ.get("SHIPSENTRY_API_EXAMPLES", "8"))

WHO = {
    "viewer": (Role.viewer, None),
    "operator of a shop": (Role.operator, frozenset({Shop("douyin", "s-1")})),
    "admin": (Role.admin, None),
}

SCHEMA = schemathesis.openapi.from_dict(document())
SCHEMA.config.update(base_url="http://localhost")
SCHEMA.config.generation.update(with_security_parameters=False)
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}


def _a_little_of_all(database: Database) -> None:
    """Of everything that the API may answer with."""
    put(database, [warned(n, shop_id=f"s-{n % 2}") for n in range(4)])
    put(database, [warned("a"), warned("a", 2, "breached")])
    for kind, more in (("acknowledge", {}), ("comment", {"comment": "x"}), ("hand_over", {})):
        perform(database, [an_id("a")], Act(kind=kind, actor="li", **more), NOON)
    day = {"platform": "douyin", "shop_id": "s-1", "day": "2026-11-21", "revision": 1,
           "detected_at": iso(NOON), "profile": "p"}  # fmt: skip
    counts = dict.fromkeys(("due", "late", "unshipped", "shipped", "abnormal"), 1)
    rates = dict.fromkeys(("late", "unshipped", "abnormal"), 1)
    of_shop = {**day, "counts": counts, "rates": rates}
    of_product = {**day, "product_id": "p-1", "counts": {"due": 1, "late": 1}, "rates": {"late": 1}}
    order = {"order_id": "o-1", "shop_id": "s-1", "platform": "douyin", "paid_at": iso(NOON)}
    upload = {"carrier": "zto", "tracking_number": "78a", "status": "ordered",
              "occurred_at": iso(NOON), "order_ids": ["o-1"], "shop_id": "s-1"}  # fmt: skip
    found = [
        order_version(json.dumps(order).encode(), None, NOON, NOON, 5, 0, LARGE, BUILT_IN),
        checkpoint(json.dumps(upload).encode(), NOON, 5, 1, LARGE, BUILT_IN),
        shop_day(json.dumps(of_shop).encode(), LARGE),
        product_day(json.dumps(of_product).encode(), LARGE),
    ]
    taken = take(database, partition=5)
    with database.writing() as connection:
        write(connection, reads(found, 0, 5), [(taken, 0, len(found))], NOON)


THERE = {
    "warning_id": an_id("a"),
    "order_id": "o-1",
    "carrier": "zto",
    "tracking_number": "78A",
}
"""What there is, of what a path may name: nobody would guess it."""

NEVER_WRONG = {
    "GET /api/v1/me",
    "GET /api/v1/notifications/channels",
    "GET /api/v1/parcels/{carrier}/{tracking_number}",
    "GET /api/v1/orders/{order_id}",
}
"""Takes nothing, or any text."""

BEYOND = {"after", "q", "currency", "until", "assignee", "manifest_id", "comment", "request_id"}
"""Fields of which the document cannot say all that is wanted: texts that the API itself gave out,
fields that need each other, characters that no database keeps."""

CASES = [
    (label, mode)
    for label in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or label not in NEVER_WRONG
]


async def _one_event(*_: object) -> AsyncIterator[bytes]:
    """A stream that ends: the test's client waits for the whole of an answer."""
    yield b"retry: 2000\n\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A desk with something in it."""
    database = Database(sqlite_url(tmp_path_factory.mktemp("api") / "desk.sqlite"))
    upgrade(database)
    _a_little_of_all(database)
    app = make_app(Desk(database, lambda: NOON))
    with pytest.MonkeyPatch.context() as patch, TestClient(app, "http://localhost") as found:
        patch.setattr(events, "_stream", _one_event)
        yield found
    database.close()


@pytest.fixture(scope="module", params=[*WHO, "nobody"])
def headers(request: pytest.FixtureRequest, client: TestClient) -> dict[str, str]:
    """What shows who asks."""
    if request.param not in WHO:
        return {}
    role, shops = WHO[request.param]
    app: Any = client.app
    _, token = tokens.add(app.state.desk.database, "t", role, shops, NOON)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_answers_are_what_the_document_says(
    label: str, mode: GenerationMode, client: TestClient, headers: dict[str, str]
) -> None:
    """Their status, kind and schema; what is wrong is refused, what is right is not, and nobody
    learns anything without a token."""
    there = {name: value for name, value in THERE.items() if f"{{{name}}}" in label}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(mode), known=booleans())
    def ask(case: Case, known: bool) -> None:
        if known and mode is GenerationMode.POSITIVE:
            case.path_parameters.update(there)
        sent = case.as_transport_kwargs(base_url="http://localhost")
        del sent["cookies"]
        sent["headers"] = {**sent["headers"], **headers}
        if "data" in sent:
            sent["content"] = sent.pop("data")
        answer = client.request(**sent)
        if not headers:
            assert answer.status_code == 401
        left_out: list[Any] = [ignored_auth]
        if answer.status_code == 422 and _fields(answer) & BEYOND:
            left_out.append(positive_data_acceptance)
        case.validate_response(answer, excluded_checks=left_out)

    ask()


def _fields(answer: Response) -> set[str]:
    return {each["field"] for each in answer.json()["errors"]}
