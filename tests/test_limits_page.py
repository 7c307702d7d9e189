"""docs/limits.md names the bounds that the code has."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.fields import MAX_ID_LENGTH
from schemas.parsing import MAX_DEPTH, MAX_VALUE_BYTES
from streams.agents.ticks import MOST_DUE
from streams.engine.kafka.topic_admin import topic_specs
from streams.facts import times
from streams.gauges.shops import TOLD
from streams.judge import feeds
from streams.judge.parcels import MOST_ADVISED
from streams.outputs.check_answer import MOST_USES
from streams.report import numbers_part, stories_part, warnings_part
from streams.settings import Settings
from streams.shops import contributions
from streams.state import orders, parcels, shop_days, tracks
from streams.state.state import LONGEST_ADVICE
from streams.tables.feeds import MOST_SHOWN
from streams.telemetry.metrics import SHOPS_SHOWN
from streams.web import check, warnings
from streams.web.query import MOST

PAGE = Path(__file__).resolve().parents[1] / "docs" / "limits.md"

DAY = times.DAY
MIB = 1 << 20
KEPT = {
    spec.name: int(spec.config["retention.ms"]) // 86_400_000
    for spec in topic_specs(Settings())
    if "retention.ms" in spec.config
}
"""Days that `topics create` gives each topic."""

BOUNDS = [
    f"**A number** holds {parcels.MOST_FACTS:,} facts and orders",
    f"**An order** has {orders.MOST_VERSIONS:,} versions",
    f"**A message** has {MAX_VALUE_BYTES // MIB} MiB",
    f"nests {MAX_DEPTH} levels",
    f"**An id** has {MAX_ID_LENGTH} characters",
    f"has {Settings.model_fields['message_max_bytes'].default // MIB} MiB "
    "(`SHIPSENTRY_MESSAGE_MAX_BYTES`)",
    f"it listens to {orders.MOST_PARCELS:,}",
    f"**Products**: {contributions.MOST_PRODUCTS} of an order, "
    f"{contributions.LONGEST_PRODUCT} characters an id",
    f"{shop_days.MOST_PRODUCTS:,} of a shop on one day, "
    f"with {shop_days.LONGEST_NAMES // 100_000 / 10} MB of ids",
    f"**Advice** of a warning names ids of at most {LONGEST_ADVICE} characters, and "
    f"{orders.MOST_MOVING} parcels",
    f"a number with more than {MOST_ADVISED} orders",
    f"**A track** remembers {tracks.MOST_CLAIMANTS} numbers",
    f"**Feeds**: {feeds.MOST_CARRIERS} carriers",
    f"fewer than {feeds.FEWEST_A_DAY} records a day",
    f"{SHOPS_SHOWN} shops and {MOST_SHOWN} carriers",
    f"A shop that is {TOLD + 1}st or worse",
    f"{MOST} rows of `/warnings`, {MOST_USES} other orders in a check",
    f"{check.AT_ONCE} answers of `/check` and {warnings.AT_ONCE} of `/warnings`",
    f"`SHIPSENTRY_HTTP_DEADLINE_S` ({Settings.model_fields['http_deadline_s'].default:g} s)",
    f"**A report's page**: {warnings_part.MOST_ROWS} warnings of a kind, "
    f"{stories_part.MOST_STORIES} parcels, {numbers_part.MOST_SHOPS} shops and "
    f"{numbers_part.MOST_CARRIERS} carriers in charts",
    f"{MOST_DUE:,} states of each table and partition",
    f"keeps orders {KEPT['order-paid']} days, tracking updates {KEPT['tracking-update']}, "
    f"warnings {KEPT['shipment-warnings']}, dead letters {KEPT['shipment-dead-letters']}, "
    f"internal messages {KEPT['shipsentry-order-facts']}",
    f"more than {times.WINDOW // DAY} days apart belong to different lives",
    f"A fact more than {times.RETENTION // DAY} days",
    f"A state lives {times.STATE_KEPT // DAY} days",
    f"{times.TOLERANCE // times.MINUTE} minutes are allowed between a payment and a scan",
]
"""Each bound as the page has it, with the number that the code has."""


@pytest.mark.parametrize("bound", BOUNDS)
def test_the_page_has_the_bound_of_the_code(bound: str) -> None:
    """Wherever its lines break."""
    assert bound in " ".join(PAGE.read_text(encoding="utf-8").split())
