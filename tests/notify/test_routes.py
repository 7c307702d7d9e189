"""The routes file: what it says, and what is wrong with it, by line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.facts.times import HOUR, MINUTE
from streams.notify.hours import Minute, Quiet
from streams.notify.routes import WrongRoutes, read_routes

GOOD = """\
texts = "texts"

[defaults]
language = "en"
quiet = ["22:00-08:00"]

[channels.ops]
type = "dingtalk"

[channels.boss]
type = "wecom"

[routes.urgent]
channels = ["ops"]
platforms = ["douyin"]
shops = ["douyin/s-1"]
severities = ["critical"]
hours_to_deadline = 12
money = 10000
currency = "CNY"
wait_minutes = 5
digest = ["18:00", "09:00"]
urgent_hours = 1.5
reminders_hours = [1, 6, 1]
escalate = { after_hours = 2, channels = ["boss"] }

[routes.all]
channels = ["ops", "boss"]
language = "zh"
"""


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "routes.toml"
    path.write_text(text)
    return path


def test_a_route_says_what_it_says_over_the_defaults(tmp_path: Path) -> None:
    """Times in µs, reminders each once, the longest first; the folder lies beside the file."""
    plan = read_routes(written(tmp_path, GOOD))
    urgent, every = plan.routes["urgent"], plan.routes["all"]
    assert (urgent.language, every.language) == ("en", "zh")
    assert urgent.quiets == every.quiets == (Quiet(Minute(22, 0), Minute(8, 0)),)
    assert (urgent.near, urgent.wait, urgent.urgent) == (12 * HOUR, 5 * MINUTE, 90 * MINUTE)
    assert urgent.reminders == (6 * HOUR, HOUR)
    assert urgent.digests == (Minute(9, 0), Minute(18, 0))
    assert urgent.every_channel == ("ops", "boss")
    assert plan.texts == tmp_path / "texts"
    assert plan.channels["ops"] == {"type": "dingtalk"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("money = 10000\n", "", "13: routes.urgent: money and currency: only both together"),
        ('severities = ["critical"]', 'severities = ["bad"]', "17: routes.urgent.severities.0: "),
        ('shops = ["douyin/s-1"]', 'shops = ["s-1"]', "16: routes.urgent.shops: 's-1' is no shop"),
        ('channels = ["boss"] }', 'channels = ["chef"] }', "there is no channel 'chef'"),
        ('channels = ["ops"]\n', "", "13: routes.urgent.channels: Field required"),
        ('quiet = ["22:00-08:00"]', 'quiet = ["22-8"]', "5: defaults.quiet: '22' is no time"),
        ('["18:00", "09:00"]', '["6pm"]', "22: routes.urgent.digest: '6pm' is no time of day"),
        ("wait_minutes = 5", "wait_minuets = 5", "21: routes.urgent.wait_minuets: "),
        ("hours_to_deadline = 12", "hours_to_deadline = 0", "18: routes.urgent.hours_to_deadline"),
        ('language = "zh"', 'language = "zh"\nname = "x"', "30: routes.all.name: "),
        ('language = "zh"', 'zone = "Mars/Olympus"', "29: routes.all.zone: 'Mars/Olympus' is no"),
        ("[routes.all]", "[routes.all", "not TOML"),
        ("[routes.urgent]", "[route.urgent]", ": route: "),
    ],
)
def test_what_is_wrong_is_said_with_line_and_field(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    """A mistake in the defaults is said where it stands."""
    assert before in GOOD
    path = written(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(WrongRoutes) as caught:
        read_routes(path)
    assert all(problem.startswith(str(path)) for problem in caught.value.problems)
    assert said in str(caught.value)


def test_names_that_would_never_match_are_refused(tmp_path: Path) -> None:
    """A rule that there is not, a platform by another name than warnings have."""
    text = GOOD.replace('platforms = ["douyin"]', 'platforms = ["抖音"]\nrules = ["recaled"]')
    plan = read_routes(written(tmp_path, text))
    with pytest.raises(WrongRoutes) as caught:
        plan.check_names({"recalled"}, lambda name: "douyin" if name == "抖音" else name)
    assert "16: routes.urgent.rules: no rule 'recaled'; there are recalled" in str(caught.value)
    assert "15: routes.urgent.platforms: '抖音' is 'douyin' in warnings" in str(caught.value)
