"""`shipsentry replay --diff`: two profiles, one reading of the files, what differs in the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from oracle.histories import random_history
from support.builders import (
    BORIS,
    CHINA,
    DAY,
    HOUR,
    LATER,
    PAID,
    PICKED,
    UPLOADED,
    Message,
    order,
    picked_up,
    record,
    upload,
)

from streams.cli.replay import replay
from streams.profiles.loader import builtin_files

DOUYIN, TMALL, BRIEF = "douyin-2026-07-09", "tmall-2026-04-09", "brief-2023"
UNTIL = ("--until", LATER.isoformat())


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of its own, and none of the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("SHIPSENTRY_"):
            monkeypatch.delenv(name)


def run(history: list[Message], *arguments: str) -> Result:
    """The command over a history."""
    orders = [json.dumps(value) for value in history if "order_id" in value]
    tracking = [json.dumps(value) for value in history if "order_id" not in value]
    Path("o.jsonl").write_text("".join(line + "\n" for line in orders), encoding="utf-8")
    Path("t.jsonl").write_text("".join(line + "\n" for line in tracking), encoding="utf-8")
    inputs = ("--orders", "o.jsonl", "--tracking", "t.jsonl")
    return CliRunner().invoke(replay, [*inputs, *arguments], catch_exceptions=False)


def compared(history: list[Message], before: str, after: str, *arguments: str) -> dict[str, Any]:
    """The comparison as JSON."""
    arguments = arguments or UNTIL
    result = run(history, "--profile", before, "--diff", after, "--json", *arguments)
    assert result.exit_code == 0, result.output
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def said(change: dict[str, Any]) -> tuple[Any, ...]:
    """What a change is about, and both states."""
    states = [
        None if side is None else side["state"] for side in (change["before"], change["after"])
    ]
    return change["order_id"], change["change"], change["rule"], change["stage"], *states


LATE_PICKUP = [order("1"), upload("1"), picked_up(UPLOADED + 50 * HOUR)]


def test_an_order_loses_and_gains_warnings() -> None:
    """The brief knows no pickup clock, Douyin does; the other way round they are gained."""
    lost = compared(LATE_PICKUP, DOUYIN, BRIEF)
    rows = [said(change) for change in lost["changes"] if change["rule"] == "pickup_overdue"]
    assert rows == [
        ("1", "lose", "pickup_overdue", "serious", "resolved", None),
        ("1", "lose", "pickup_overdue", "violation", "resolved", None),
    ]
    assert lost["orders"]["changed"] == lost["orders"]["lose"] == 1
    gained = compared(LATE_PICKUP, BRIEF, DOUYIN)
    turned = {"lose": "gain", "gain": "lose", "change": "change"}
    assert [change["change"] for change in gained["changes"]] == [
        turned[change["change"]] for change in lost["changes"]
    ]
    assert gained["sides"] == lost["sides"][::-1]


def test_a_warning_changes() -> None:
    """A record that satisfies one platform and not the other: another end of the same clock."""
    history = [
        order("1"), upload("1"), picked_up(), record("in_transit", PICKED + 30 * HOUR),
        record("hub", PICKED + 60 * HOUR),
    ]  # fmt: skip
    found = compared(history, DOUYIN, TMALL)
    (change,) = [
        c for c in found["changes"] if said(c)[2:4] == ("inactive_after_pickup", "violation")
    ]
    assert change["change"] == "change"
    assert change["before"]["profile"] == DOUYIN
    assert change["before"]["resolved_at"] > change["after"]["resolved_at"]
    assert change["tracking_number"] == "78123456789012"
    text = run(history, "--profile", DOUYIN, "--diff", TMALL, *UNTIL).stdout
    (line,) = [row for row in text.splitlines() if "violation  resolved late, ended" in row]
    assert line.split("  ")[-2:] == [
        "resolved late, ended 2026-11-22T22:00:00Z",
        "resolved late, ended 2026-11-21T16:00:00Z",
    ]


def test_the_same_profile_changes_nothing() -> None:
    """A comparison with itself, and as-dated where there is one profile anyway."""
    found = compared(LATE_PICKUP, DOUYIN, DOUYIN)
    assert found["changes"] == []
    assert found["orders"] == {"changed": 0, "gain": 0, "lose": 0, "change": 0}
    text = run(LATE_PICKUP, "--diff", DOUYIN, *UNTIL).stdout
    assert text.splitlines()[-1] == "No order changes."
    assert text.splitlines()[0].startswith(f"What if: as-dated → {DOUYIN}, until ")


def edited(name: str, change: Callable[[str], str]) -> str:
    """A built-in profile's file, changed, in the current directory."""
    (path,) = [path for path in builtin_files() if path.stem == name]
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    Path("mine.toml").write_text(change(text), encoding="utf-8")
    return "mine.toml"


def test_a_file_judges_its_platform_only() -> None:
    """Orders of other platforms stay as they were, and its own are judged whatever their date."""
    mine = edited(
        DOUYIN,
        lambda text: text.replace("2026-07-09T", "2027-01-01T").replace("= 24,", "= 60,"),
    )
    history = [*LATE_PICKUP, order("2", platform="tmall"), upload("2", number="78000000000002")]
    found = compared(history, "as-dated", mine)
    assert {change["order_id"] for change in found["changes"]} == {"1"}
    rows = [said(c) for c in found["changes"] if said(c)[2:4] == ("pickup_overdue", "violation")]
    assert rows == [("1", "change", "pickup_overdue", "violation", "resolved", "resolved")]


def test_a_file_may_say_only_what_it_changes() -> None:
    """An override of a built-in profile."""
    Path("mine.toml").write_text(
        f'extends = "{DOUYIN}"\n[rules]\npickup_overdue = "off"\n', encoding="utf-8"
    )
    found = compared(LATE_PICKUP, "as-dated", "mine.toml")
    assert {change["rule"] for change in found["changes"]} == {"pickup_overdue"}
    assert {change["change"] for change in found["changes"]} == {"lose"}


def test_money_at_risk_under_the_shared_caps() -> None:
    """Timeout and abnormal of one order at most 20 %, one buyer's day at most 500 yuan."""
    stuck = [order("1", amount_paid=20_000, currency="CNY"), upload("1"), picked_up()]
    sides = compared(stuck, DOUYIN, TMALL)["sides"]
    assert sides[1]["at_risk"] == {
        "money": [{"currency": "CNY", "least": 4_000, "most": 4_000}],
        "strikes": 0,
        "sum_not_known": 0,
    }
    assert sides[0]["at_risk"]["money"] == []
    assert sides[0]["at_risk"]["strikes"] > 0
    # Two orders of Boris after two of Anna, under two numbers: 30 % of 1,000 yuan each.
    twice = [
        part
        for n in "12"
        for part in (
            order(f"a{n}", amount_paid=100_000, currency="CNY"),
            order(f"b{n}", amount_paid=100_000, currency="CNY", recipient=BORIS),
            upload(f"a{n}", number=f"7800000000{n}"),
            upload(f"b{n}", UPLOADED + HOUR, number=f"7800000000{n}"),
            picked_up(number=f"7800000000{n}"),
            record("delivered", PICKED + HOUR, number=f"7800000000{n}"),
        )
    ]
    (most,) = compared(twice, TMALL, TMALL)["sides"][0]["at_risk"]["money"]
    assert (most["least"], most["most"]) == (50_000, 50_000)
    next_day = [
        {**value, "paid_at": (PAID - DAY).isoformat()} if value.get("order_id") == "b2" else value
        for value in twice
    ]
    (most,) = compared(next_day, TMALL, TMALL)["sides"][0]["at_risk"]["money"]
    assert (most["least"], most["most"]) == (60_000, 60_000)


def test_what_ended_in_time_is_no_risk() -> None:
    """A warning that was resolved before its deadline costs nothing; one resolved late does."""
    paid = order("1", platform="tmall", amount_paid=20_000, currency="CNY")
    hub = [record("hub", UPLOADED + n * HOUR) for n in range(24, 200, 12)]
    for hours, money in ((24, []), (25, [{"currency": "CNY", "least": 1_000, "most": 1_000}])):
        story = [paid, upload("1"), picked_up(UPLOADED + hours * HOUR), *hub[1:]]
        story.append(record("delivered", UPLOADED + 200 * HOUR))
        (side, _) = compared(story, TMALL, TMALL)["sides"]
        kinds = {entry["rule"] for entry in side["by_rule"]}
        assert "pickup_overdue" in kinds
        assert side["at_risk"]["money"] == money


def test_an_order_that_is_forgotten_stays_charged() -> None:
    """The parcel outlives its order's state: what it was charged with is not lost."""
    story = [order("1", platform="tmall", amount_paid=20_000, currency="CNY"), upload("1")]
    story += [record("exception", UPLOADED + days * DAY) for days in (25, 50, 72)]
    story.append(record("delivered", UPLOADED + 75 * DAY))
    (side, _) = compared(story, TMALL, TMALL, "--until", (UPLOADED + 76 * DAY).isoformat())["sides"]
    # Pickup 10 yuan, the stalled track at most 40, the late order 10 to 20.
    assert side["at_risk"]["money"] == [{"currency": "CNY", "least": 6_000, "most": 7_000}]


def test_an_unknown_sum_is_counted() -> None:
    """An order without an amount is at risk of a sum nobody knows."""
    found = compared([order("1"), upload("1")], DOUYIN, TMALL)
    assert found["sides"][1]["at_risk"]["sum_not_known"] == 2
    text = run([order("1"), upload("1")], "--profile", DOUYIN, "--diff", TMALL, *UNTIL).stdout
    assert "at risk, sum not known" in text


def test_sides_are_told_by_rule_platform_and_shop() -> None:
    """Each group has what a replay of it alone would have; the platform is the order's, whoever's
    rules judge it."""
    paid = {"amount_paid": 20_000, "currency": "CNY"}
    story = [
        order("1", shop_id="s-1", **paid),
        order("2", shop_id="s-1", platform="tmall", **paid),
        upload("1"),
        upload("2", number="78123456789029"),
    ]
    found = compared(story, DOUYIN, TMALL)
    for side in found["sides"]:
        for name in ("rules", "platforms", "shops"):
            assert sum(each["warnings"] for each in side[name]) == side["warnings"], name
            strikes = sum(each["at_risk"]["strikes"] for each in side[name])
            assert strikes == side["at_risk"]["strikes"]
    shops = found["sides"][1]["shops"]
    assert [(each["platform"], each["shop_id"]) for each in shops] == [
        ("douyin", "s-1"),
        ("tmall", "s-1"),
    ]
    platforms = {c["order_id"]: side["platform"] for c in found["changes"]
                 for side in (c["before"], c["after"]) if side}  # fmt: skip
    assert platforms == {"1": "douyin", "2": "tmall"}
    apart = [compared(story[n::2], DOUYIN, TMALL)["sides"][1]["at_risk"] for n in (0, 1)]
    assert [each["at_risk"] for each in shops] == apart


@pytest.mark.parametrize("seed", range(6))
def test_each_side_is_what_a_replay_of_it_gives(seed: int) -> None:
    """Any history: both sides and their difference, from two replays of one profile each."""
    history = random_history(seed)
    messages = [*history.orders, *history.tracking]
    until = ("--until", history.until.astimezone(CHINA).isoformat())
    alone: list[dict[tuple[Any, ...], dict[str, Any]]] = []
    for profile in (DOUYIN, TMALL):
        lines = run(messages, "--profile", profile, *until).stdout.splitlines()
        warnings = [json.loads(line) for line in lines]
        alone.append(
            {
                (o, w["rule"], w["stage"], w["carrier"], w["tracking_number"],
                 w["evidence"]["started_at"]): w
                for w in warnings if w["state"] != "withdrawn" for o in w["order_ids"]
            }
        )  # fmt: skip
    result = run(messages, "--profile", DOUYIN, "--diff", TMALL, "--json", *until)
    found = json.loads(result.stdout)
    shown = ("state", "severity", "opened_at", "deadline", "breached_at", "resolved_at")
    same = (*shown, "warning_id", "shop_id")
    changes = {
        (c["order_id"], c["rule"], c["stage"], c["carrier"], c["tracking_number"], c["started_at"]):
        (c["before"], c["after"]) for c in found["changes"]
    }  # fmt: skip
    assert len(changes) == len(found["changes"])
    for place in alone[0].keys() | alone[1].keys():
        old, new = (
            {name: side[place][name] for name in shown} if place in side else None for side in alone
        )
        if old == new:
            assert place not in changes
        else:
            for wanted, given in zip((old, new), changes[place], strict=True):
                assert wanted == (given and {name: given[name] for name in shown})
            for side, given in zip(alone, changes[place], strict=True):
                assert given is None or all(given[name] == side[place][name] for name in same)
    assert changes.keys() <= alone[0].keys() | alone[1].keys()


def test_a_bad_line_is_refused_once() -> None:
    """The files are read once: one dead letter, exit status 3."""
    result = run([order("1"), {"order_id": "2"}], "--diff", TMALL, *UNTIL)
    assert result.exit_code == 3
    assert len(Path("dead-letters.jsonl").read_text().splitlines()) == 1


def test_into_a_file() -> None:
    """The comparison goes where --out says."""
    result = run(LATE_PICKUP, "--diff", BRIEF, "--out", "table.txt", *UNTIL)
    assert result.stdout == ""
    assert Path("table.txt").read_text().startswith("What if: as-dated → brief-2023")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--json",), "needs --diff"),
        (("--diff", BRIEF, "--log"), "choose one"),
        (("--diff", "pinduoduo-1"), "nor a file of that name; there are"),
        (("--profile", "nothing.toml"), "as-dated"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    """Exit status 2, and what to do instead."""
    result = run([order("1")], *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_a_file_that_is_no_profile_is_named() -> None:
    """File, line and field, as everywhere."""
    Path("mine.toml").write_text('id = "x"\n', encoding="utf-8")
    result = run([order("1")], "--diff", "mine.toml")
    assert result.exit_code == 1
    assert "mine.toml" in result.output
