"""What a profile says once for every rule: the lane of a parcel, and when an order is due."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.builders import (
    GUANGZHOU,
    HOUR,
    LATER,
    PAID,
    PICKED,
    UPLOADED,
    Message,
    order,
    picked_up,
    upload,
    us,
)
from support.packs import Judging
from support.parcels import life_of

from streams.rules.lanes import Lanes
from streams.rules.terms import Terms
from streams.state.state import Checkpoint

LANES = Lanes((frozenset((44, 45)),), frozenset((65,)), frozenset((71,)))
ASKS = '''\
"""Says the lane of each order, or when it is due."""

from dataclasses import dataclass
from streams.profiles.api import Check, RuleSpec, Severity


@dataclass(frozen=True, slots=True)
class Asks:
    name = "asks"
    severity: Severity = "info"

    def episodes(self, *seen):
        order = seen[-1]
        if len(seen) == 2:
            at, lane = order.uploaded_at, seen[0].lane(order)
            provinces = f"{seen[0].origin()} {seen[0].destination(order)} {lane}"
        else:
            at, provinces = order.promise, None
        yield Check(self.name, "violation", self.severity, at, at, None, (), None, provinces)


RULE = RuleSpec("asks", "SEES", rule=Asks)
'''


@pytest.mark.parametrize(
    ("start", "end", "lane"),
    [
        (44, 44, "near"),
        (44, 45, "near"),
        (44, 31, "cross_province"),
        (44, 65, "remote"),
        (65, 65, "remote"),
        (44, None, "unknown"),
        (None, 65, "unknown"),
        (71, None, None),
        (71, 65, None),
    ],
)
def test_which_lane_is_between_two_provinces(
    start: int | None, end: int | None, lane: str | None
) -> None:
    """Excluded, then unknown, then remote, then near: whichever way the parcel goes."""
    assert LANES.between(start, end) == lane
    assert LANES.between(end, start) == lane


def test_a_life_that_no_judge_saw_has_no_groups() -> None:
    """Without a profile's terms there is only the province; the judge brings the rest."""
    life = life_of([order(), upload("1"), picked_up(location=GUANGZHOU)])
    assert (life.origin(), life.destination(), life.lane()) == (44, 44, "near")
    life.lead.terms = Terms(Lanes(remote=frozenset((44,))))
    assert life.lane() == life.lane(life.lead) == "remote"


def asked(folder: Path, sees: str, story: list[Message]) -> Judging:
    """A history judged by the rule, on in the profiles of both platforms; Tmall's are changed."""
    (folder / "asks.py").write_text(ASKS.replace("SEES", sees), encoding="utf-8")
    for platform, text in {
        "douyin-2026-07-09": "",
        "tmall-2026-04-09": "default_promise_hours = 24\nlanes.remote = [44]\n",
    }.items():
        path = folder / f"{platform}.toml"
        path.write_text(f'extends = "{platform}"\n{text}rules.asks.severity = "info"\n')
    judging = Judging(folder)
    judging.feed(story, LATER)
    assert not judging.machine.failures
    return judging


def test_each_order_of_a_parcel_is_in_the_lane_of_its_own_profile(tmp_path: Path) -> None:
    """One parcel for two platforms: near on one, remote on the other."""
    story = [order("1"), order("2", platform="tmall"), upload(["1", "2"])]
    judging = asked(tmp_path, "parcel × order", [*story, picked_up(location=GUANGZHOU)])
    found = {each["order_ids"][0]: each for each in judging.standing() if each["rule"] == "asks"}
    details = {order_id: each["evidence"]["detail"] for order_id, each in found.items()}
    assert details == {"1": "44 44 near", "2": "44 44 remote"}


@pytest.mark.parametrize(
    ("platform", "promised", "due"),
    [
        ("douyin", None, PAID + 48 * HOUR),
        ("tmall", None, PAID + 24 * HOUR),
        ("tmall", UPLOADED, UPLOADED),
    ],
)
def test_an_order_is_due_by_its_promise_else_by_its_profile(
    tmp_path: Path, platform: str, promised: datetime | None, due: datetime
) -> None:
    """The order's own promise stands, whatever the profile says."""
    story = [order(platform=platform, promised_ship_by=promised)]
    judging = asked(tmp_path, "order", story)
    (anchor,) = {each.finding.anchor for each in judging.log if each.finding.rule == "asks"}
    assert anchor == us(due)


def test_a_record_is_read_by_name_and_by_place() -> None:
    """Packs of release 0.1.0 wrote `record[7]`; what is stored has no names, so both are one."""
    life = life_of([order(), upload("1"), picked_up(location=GUANGZHOU)])
    (record,) = life.records
    assert (record.at, record.place) == (record[0], record[7]) == (us(PICKED), 44_4401)
    assert tuple(record) == tuple(getattr(record, name) for name in Checkpoint._fields)
