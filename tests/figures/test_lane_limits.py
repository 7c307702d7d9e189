"""The lanes of `transit_stalled`: every limit, every province, every neighbour."""

from __future__ import annotations

from datetime import datetime
from itertools import product

import pytest
from figures.tables import (
    LANES,
    NEAR_GROUPS,
    PLATFORMS,
    PROVINCES,
    REMOTE,
    Figure,
    figure,
    numbers,
    read,
)
from support.builders import (
    DAY,
    HOUR,
    LATER,
    PICKED,
    US,
    Message,
    judge,
    order,
    picked_up,
    record,
    times,
    upload,
)

RULE = "transit_stalled"
NODE = PICKED + 5 * HOUR
"""The node after which nothing comes: a hub, so that the chain has begun on every platform."""

IN_LANE = {
    "both in jiangsu zhejiang shanghai anhui": ("32", "34"),
    "both in beijing tianjin hebei": ("12", "13"),
    "the same province, not remote": ("44", "44"),
    "different provinces": ("44", "37"),
    "either in a remote province": ("44", "65"),
    "either not known: the longest": ("44", None),
}
ROWS = [
    pytest.param(row, platform, id=f"{row['between']}-{row['stage']}-{platform}-{row[platform]}")
    for row in read(LANES)
    for platform in PLATFORMS
]
FIGURES = [param for param in ROWS if param.values[0][param.values[1]] != "–"]
ABSENT = [param for param in ROWS if param.values[0][param.values[1]] == "–"]
GROUPS = read(NEAR_GROUPS)


def place(province: str | None) -> Message | None:
    """Some place in a province, by its code alone."""
    capital = {"31": "310100", "11": "110100", "12": "120100", "50": "500100"}
    return None if province is None else {"region_code": capital.get(province, f"{province}0100")}


def named(province: str | None) -> Message | None:
    """A province by its name, where codes say nothing below it."""
    names = {"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区"}
    if province in names:
        return {"province": names[province]}
    return place(province)


def between(start: str | None, end: str | None, platform: str) -> list[Message]:
    """A parcel from one province to another that stands still after its first hub."""
    fields = {"recipient": named(end), "platform": platform}
    story = [order(**fields), upload("1", platform=platform)]
    return [*story, picked_up(location=named(start)), record("hub", NODE)]


def standing(
    start: str | None, end: str | None, platform: str, at: datetime, stage: str = "violation"
) -> list[Message]:
    """The warnings of the lane at a time."""
    return judge(between(start, end, platform), at).of(RULE, stage)


def limit_of(lane: str, platform: str, stage: str = "violation") -> Figure | None:
    """A lane's figure."""
    row = next(r for r in read(LANES) if r["lane"] == lane and r["stage"] == stage)
    return figure(row[platform])


def kind(province: str, platform: str) -> str:
    """What the platform calls a province: remote, excluded or neither."""
    return next((row[platform] for row in read(REMOTE) if row["code"] == province), "–")


def assert_lane(start: str, end: str, platform: str, lane: str) -> None:
    """The deadline is that of the lane, and of no other."""
    found = limit_of(lane, platform)
    assert found is not None
    (warning,) = standing(start, end, platform, NODE + found.limit + US)
    assert (warning["state"], times(warning)["deadline"]) == ("breached", NODE + found.limit)


@pytest.mark.parametrize(("row", "platform"), FIGURES)
def test_time_alone_breaches_at_the_limit(row: dict[str, str], platform: str) -> None:
    """`>`: open at the limit, breached a microsecond later; `≥`: breached at it, not before."""
    found = figure(row[platform])
    assert found is not None
    start, end = IN_LANE[row["between"]]
    deadline = NODE + found.limit
    last_good = deadline - US if found.at_least else deadline
    (before,) = standing(start, end, platform, last_good, row["stage"])
    (after,) = standing(start, end, platform, last_good + US, row["stage"])
    assert (before["state"], times(before)["deadline"]) == ("open", deadline)
    assert (after["state"], times(after)["breached_at"]) == ("breached", deadline)


@pytest.mark.parametrize(("row", "platform"), FIGURES)
def test_the_next_node_at_the_limit(row: dict[str, str], platform: str) -> None:
    """The next node is in time up to the same microsecond, too late from the next one on."""
    found = figure(row[platform])
    assert found is not None
    start, end = IN_LANE[row["between"]]
    deadline = NODE + found.limit
    last_good = deadline - US if found.at_least else deadline
    for at, breached in ((last_good, None), (last_good + US, deadline)):
        story = between(start, end, platform)
        story += [record("out_for_delivery", at), record("delivered", at + HOUR)]
        (warning,) = judge(story, LATER).of(RULE, row["stage"])
        assert times(warning)["breached_at"] == breached
        assert times(warning)["resolved_at"] == at


@pytest.mark.parametrize(("row", "platform"), ABSENT)
def test_what_a_platform_does_not_have(row: dict[str, str], platform: str) -> None:
    """A dash in the table is no warning, ever."""
    start, end = IN_LANE[row["between"]]
    assert standing(start, end, platform, LATER)
    assert standing(start, end, platform, LATER, row["stage"]) == []


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("province", PROVINCES)
def test_every_province_at_either_end(province: str, platform: str) -> None:
    """From Shaanxi to it and back: remote, excluded, or merely another province."""
    what = kind(province, platform)
    if province == "61":
        assert_lane("61", "61", platform, "near")
        return
    for start, end in (("61", province), (province, "61")):
        if what == "excluded":
            assert standing(start, end, platform, LATER) == []
        else:
            assert_lane(start, end, platform, "remote" if what == "remote" else "cross")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("province", PROVINCES)
def test_within_every_province(province: str, platform: str) -> None:
    """Within one province 48 h, unless it is remote; no clock where it is excluded."""
    what = kind(province, platform)
    if what == "excluded":
        assert standing(province, province, platform, LATER) == []
    else:
        assert_lane(province, province, platform, "remote" if what == "remote" else "near")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        (a["code"], b["code"])
        for a, b in product(GROUPS, GROUPS)
        if a["group"] == b["group"] and a is not b
    ],
)
def test_every_pair_of_a_near_group(start: str, end: str, platform: str) -> None:
    """Neighbouring provinces that count as one, both ways."""
    assert_lane(start, end, platform, "near")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("start", "end"),
    [(row["code"], other) for row in GROUPS for other in numbers(row["neighbours outside"])],
)
def test_a_neighbour_that_is_not_in_the_group(start: str, end: str, platform: str) -> None:
    """Next door is another province, and so is the other group."""
    assert_lane(start, end, platform, "cross")
    assert_lane(end, start, platform, "cross")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(("start", "end"), [("44", None), (None, "44"), (None, None)])
def test_an_unknown_end_gets_the_longest_limit(
    start: str | None, end: str | None, platform: str
) -> None:
    """Who cannot be placed is not accused early."""
    found = limit_of("unknown", platform)
    assert found is not None
    deadline = NODE + found.limit
    assert standing(start, end, platform, deadline)[0]["state"] == "open"
    (warning,) = standing(start, end, platform, deadline + US)
    assert times(warning)["breached_at"] == deadline
    assert warning["evidence"]["lane"] == "unknown", "the evidence says why the limit is so long"


def test_an_excluded_end_counts_before_an_unknown_one() -> None:
    """Hong Kong is excluded on Tmall, wherever the parcel comes from; on Douyin it is not."""
    assert standing(None, "81", "tmall", LATER) == []
    assert standing(None, "81", "douyin", LATER)


@pytest.mark.parametrize(
    ("platform", "starts"), [("douyin", False), ("tmall", True), ("brief", True)]
)
def test_where_the_chain_starts(platform: str, starts: bool) -> None:
    """Douyin counts from the first hub, the others from the first record of any kind."""
    fields = {"recipient": place("44"), "platform": platform}
    story = [order(**fields), upload("1", platform=platform), picked_up(location=place("44"))]
    story.append(record("in_transit", PICKED + HOUR, location=place("44")))
    found = judge(story, LATER).of(RULE, "violation")
    assert [times(one)["breached_at"] for one in found] == [PICKED + 49 * HOUR][: int(starts)]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("status", ["out_for_delivery", "ready_for_pickup", "delivered"])
def test_where_the_chain_ends(platform: str, status: str) -> None:
    """Nothing stands still at the courier's, in a locker, or with the buyer."""
    story = [*between("44", "44", platform), record(status, NODE + HOUR)]
    assert judge(story, NODE + 20 * DAY).of(RULE) == []
