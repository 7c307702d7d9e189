"""A report of the demo's week says what a replay of it says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from support.reading import no_exports
from support.replaying import profiles

from streams.decode.names import with_own
from streams.demo.history import ENDS_AT, FILE, load, replayed
from streams.inputs.cells import Reading
from streams.inputs.rejected import Counted
from streams.replay.backlog import Once, gather
from streams.replay.seen import Seen
from streams.replay.shop_days import ShopDays
from streams.report.files import opened
from streams.report.page import page
from streams.report.report import report_of
from streams.report.warned import by_urgency


def test_the_demos_week() -> None:
    """Each warning of each rule and state; what is due by its deadline; a story for all of it."""
    names = with_own(*profiles().own_names)
    meters, bad, seen = ShopDays(profiles()), Counted(), Seen()
    variant = Once(profiles(), meters)
    files = opened([Path(FILE)], Reading(), no_exports())
    end = gather(variant.machine, files, ENDS_AT, bad.take, None, seen, names)
    made = report_of(variant, meters, profiles(), names, files, [], seen, bad, end)
    wanted = replayed(load(), profiles())
    assert made.by_rule == Counter(
        (each["rule"], each["state"])
        for each in wanted.warnings.values()
        if each["state"] != "withdrawn"
    )
    assert bad.count == wanted.dead_letters.total()
    standing = [*made.due, *made.held, *made.breached]
    assert standing == sorted(standing, key=by_urgency)
    assert [each.finding.deadline for each in made.due] == sorted(
        each.finding.deadline or 0 for each in made.due
    )
    assert {each.warning_id for each in standing} == made.story_of.keys()
    assert sum(len(each.warned) for each in made.stories) == len(standing)
    text = page(made, ("zh", "en"), "0")
    assert all(f'id="s{number}"' in text for number in made.story_of.values())
