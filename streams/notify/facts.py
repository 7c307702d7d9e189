"""What routes look at of a warning, and what it is called when it is told of."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from schemas import ShipmentWarning
from streams.facts.times import from_datetime
from streams.notify.decide import Fact

_WEIGHT = {
    change: weight
    for weight, change in enumerate(
        ("breached", "new", "escalation", "again", "reminder", "resolved", "withdrawn")
    )
}


def fact_of(warning: ShipmentWarning) -> Fact:
    """From a revision as published."""
    exposure = warning.exposure
    return Fact(
        warning_id=warning.warning_id,
        revision=warning.revision,
        state=warning.state,
        platform=warning.platform,
        shop_id=warning.shop_id or "",
        rule=warning.rule,
        stage=warning.stage,
        severity=warning.severity,
        deadline=None if warning.deadline is None else from_datetime(warning.deadline),
        currency=None if exposure is None else exposure.currency,
        most=None if exposure is None else exposure.most,
        detected_at=from_datetime(warning.detected_at),
    )


def notice_key(
    channel: str,
    route: str,
    fact: Fact,
    turn: int,
    change: str,
    step: int | None = None,
    mark: int | None = None,
) -> str:
    """The same for what is the same to tell: on a channel, by a route, of a warning and a state
    that it came into for the `turn`th time; `mark` tells apart what is told of one state again."""
    parts = (channel, route, fact.warning_id, fact.state, turn, change, step, mark)
    return sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def message_key(channel: str, notices: Iterable[str]) -> str:
    """The same for the same notices on the same channel."""
    return sha256("\0".join((channel, *sorted(notices))).encode()).hexdigest()[:32]


def weight(change: str) -> int:
    """Of several things to be told of one warning that with the least weight is said."""
    return _WEIGHT[change]


def urgency(state: str, deadline: int | None, warning_id: str) -> tuple[bool, bool, int, str]:
    """What is sorted by this has first what can still be averted, the nearest deadline first."""
    return state != "open", deadline is None, deadline or 0, warning_id
