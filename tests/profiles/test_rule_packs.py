"""Rule packs: the one that docs/rule-packs.md shows, whole, and each mistake in one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result
from support.builders import (
    HOUR,
    LATER,
    PICKED,
    UPLOADED,
    Message,
    order,
    picked_up,
    record,
    times,
    upload,
    us,
)
from support.packs import Judging
from support.two_sides import TOPICS, Loop
from support.two_sides import run as run_loop

from schemas.shipment_warning import ShipmentWarning
from streams.cli.group import main
from streams.judge.evaluate import RuleFailure
from streams.profiles.loader import ProfileError, load, load_all
from streams.profiles.packs import Guarded
from streams.profiles.registry import SPECS
from streams.rules.episodes import Limit
from streams.rules.registry import RULES
from streams.texts.catalogue import catalogue

PAGE = Path(__file__).parents[2] / "docs" / "rule-packs.md"
_FILE = re.compile(r"^`my-pack/([\w.-]+)`\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FILES: dict[str, str] = dict(_FILE.findall(PAGE.read_text("utf-8")))
OLD = Path(__file__).parents[1] / "data" / "pack-0.1.0" / "locker_overdue.py"
SOURCE = OLD.read_text("utf-8")
"""The rule as the page of release 0.1.0 had it, with a table of its own: such packs still load."""
SHORT = FILES["locker_overdue.py"]

READY = PICKED + 20 * HOUR
WAITING: list[Message] = [
    order(),
    upload("1"),
    picked_up(UPLOADED + 19 * HOUR),
    record("hub", UPLOADED + 24 * HOUR),
    record("ready_for_pickup", READY),
]


@pytest.fixture(autouse=True)
def own_texts() -> Iterator[None]:
    """What a pack adds to the catalogue ends with its test."""
    yield
    catalogue.cache_clear()


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The pack of the page, file by file."""
    folder = tmp_path / "my-pack"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(params=["fields", "table"])
def either(request: pytest.FixtureRequest, pack: Path) -> Path:
    """The pack of the page, and the one that the page of release 0.1.0 showed: with a table."""
    if request.param == "table":
        (pack / "locker_overdue.py").write_text(SOURCE, encoding="utf-8")
    return pack


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """`run("rules", "list", pack=folder)`: a command with the pack in use."""

    def invoke(*arguments: str, pack: Path | None = None) -> Result:
        monkeypatch.chdir(tmp_path)
        if pack is not None:
            monkeypatch.setenv("SHIPSENTRY_PROFILE_DIRS", str(pack))
        return CliRunner().invoke(main, list(arguments), prog_name="shipsentry")

    return invoke


def written(folder: Path, history: list[Message]) -> tuple[str, str]:
    """The files of a history, as `replay` takes them."""
    orders = folder / "orders.jsonl"
    tracking = folder / "tracking.jsonl"
    orders.write_text("\n".join(json.dumps(m) for m in history if "order_id" in m))
    tracking.write_text("\n".join(json.dumps(m) for m in history if "order_id" not in m))
    return str(orders), str(tracking)


def test_the_page_shows_a_whole_pack() -> None:
    """A rule, its texts and the profile that turns it on."""
    assert sorted(FILES) == ["douyin-own.toml", "locker_overdue.py", "locker_overdue.texts.toml"]


def test_the_pack_of_the_page_is_right(either: Path, run: Callable[..., Result]) -> None:
    """`rules validate` says so, of the directory and of its profile alone."""
    whole = run("rules", "validate", str(either))
    assert (whole.exit_code, whole.stderr) == (0, "")
    assert whole.stdout == (
        "1 profile, nothing wrong: douyin-2026-07-09; 1 rule of your own: locker_overdue\n"
    )
    alone = run("rules", "validate", str(either / "douyin-own.toml"))
    assert (alone.exit_code, alone.stderr) == (0, "")


def test_the_pack_of_the_page_is_listed(either: Path, run: Callable[..., Result]) -> None:
    """Its rule like any other, the changed limit in its place, and where both come from."""
    listed = run("rules", "list", pack=either).stdout
    assert (
        "locker_overdue (parcel): The parcel waits in a locker or station and nobody collects it.\n"
        in listed
    )
    assert re.search(r"douyin-2026-07-09 +> 48 h \(warning\)\n", listed)
    shown = run("rules", "show", "douyin-2026-07-09", pack=either).stdout
    assert f"file      {either / 'douyin-own.toml'}\n" in shown
    assert "\n  rules.pickup_overdue.violation.limit_hours = 20\n" in shown
    assert "\n  > 20 h\n" in shown
    assert "spring-festival-2027: clocks stand still 2027-02-05T00:00:00+08:00 to " in shown


def test_the_pack_of_the_page_judges_a_history(
    either: Path, run: Callable[..., Result], tmp_path: Path
) -> None:
    """Its rule warns with its texts, the changed limit moves a warning, all else is as before."""
    orders, tracking = written(tmp_path, WAITING)
    arguments = ("replay", "--orders", orders, "--tracking", tracking, "--until", LATER.isoformat())

    def warnings(result: Result) -> dict[tuple[str, str], Message]:
        assert result.exit_code == 0, result.output
        found = [json.loads(line) for line in result.stdout.splitlines()]
        return {(each["rule"], each["stage"]): each for each in found}

    plain = warnings(run(*arguments))
    with_pack = warnings(run(*arguments, pack=either))
    locker = with_pack.pop(("locker_overdue", "violation"))
    assert (locker["state"], locker["severity"], locker["profile"]) == (
        "breached",
        "warning",
        "douyin-2026-07-09",
    )
    assert times(locker)["opened_at"] == READY + 36 * HOUR
    assert times(locker)["breached_at"] == READY + 48 * HOUR
    assert locker["message"]["en"].endswith("has waited at its pickup point for more than 48 h.")
    assert locker["remedy"]["zh"].startswith("请联系买家，避免退回。平台在作出判定后 7 天内")
    assert [r["status"] for r in locker["evidence"]["records"]] == ["ready_for_pickup"]
    # Picked up 19 hours after the upload: of 24 that is a warning in time, of 20 as well, earlier.
    pickup, moved = (each.pop(("pickup_overdue", "violation")) for each in (plain, with_pack))
    assert times(pickup)["deadline"] == UPLOADED + 24 * HOUR
    assert times(moved)["deadline"] == UPLOADED + 20 * HOUR
    assert moved["warning_id"] == pickup["warning_id"]
    assert with_pack == plain


def test_a_pack_ends_a_warning_as_other_rules_do(either: Path) -> None:
    """Resolved by the parcel's stop, withdrawn where it turns out to lie before the lead."""
    judging = Judging(either)
    judging.feed(WAITING, READY + 40 * HOUR)
    assert judging.states("locker_overdue") == ["open"]
    judging.feed([record("delivered", READY + 41 * HOUR)])
    assert judging.states("locker_overdue") == ["open", "resolved"]
    judging.feed([record("returned", READY + HOUR)])
    assert judging.states("locker_overdue") == ["open", "resolved", "withdrawn"]


def test_a_rule_of_a_pack_may_have_sums(either: Path) -> None:
    """As a built-in one; a mistake in one is named with what is allowed."""
    path = either / "douyin-own.toml"
    sums = "\n[exposure.locker_overdue]\nviolation = { percent = 5, floor = 500, cap = 5000 }\n"
    path.write_text(FILES["douyin-own.toml"] + sums, encoding="utf-8")
    judging = Judging(either)
    judging.feed([order(amount_paid=20_000, currency="CNY"), *WAITING[1:]], LATER)
    (locker,) = (each for each in judging.standing() if each["rule"] == "locker_overdue")
    assert locker["exposure"] == {
        "kind": "compensation",
        "currency": "CNY",
        "least": 1000,
        "most": 1000,
        "cap_per_buyer_day": None,
    }
    path.write_text(path.read_text().replace("exposure.locker_overdue", "exposure.lockers_overdue"))
    with pytest.raises(ProfileError, match=r"exposure\.lockers_overdue: there is no such field"):
        load([either])


@pytest.mark.parametrize("seed", range(6))
def test_a_worker_publishes_what_the_machine_does(either: Path, seed: int) -> None:
    """Through the pipeline, in random chunks and with crashes, of a pack with an exemption."""
    row = "from = {}\nto = {}\n".format(*(each.isoformat() for each in (READY, READY + 5 * HOUR)))
    path = either / "douyin-own.toml"
    path.write_text(f'{FILES["douyin-own.toml"]}\n[[exemptions]]\nname = "flood"\n{row}')
    judging = Judging(either)
    judging.feed(WAITING, LATER)
    rng, end = Random(seed), us(LATER)
    loop = Loop(3, end, load([either]))
    for message in WAITING:
        topic = TOPICS.orders if "order_id" in message else TOPICS.tracking
        loop.produce(topic, json.dumps(message).encode(), None, rng.randrange(3))
    run_loop(loop, rng, [None, end], crashes=0.05)
    loop.drain(end + 60_000_000)
    wanted = {each["warning_id"]: each for each in judging.standing()}
    found = {key: each for key, each in loop.newest().items() if each["state"] != "withdrawn"}
    assert found.keys() == wanted.keys()
    fields = ("rule", "state", "opened_at", "deadline", "breached_at", "message", "profile")
    for key, warning in wanted.items():
        assert {name: found[key][name] for name in fields} == {n: warning[n] for n in fields}
        assert found[key]["evidence"]["exemptions"] == warning["evidence"]["exemptions"]
        ShipmentWarning.model_validate_json(json.dumps(found[key]))
    (locker,) = (each for each in found.values() if each["rule"] == "locker_overdue")
    assert times(locker)["deadline"] == READY + 53 * HOUR
    assert locker["evidence"]["exemptions"] == ["flood"]


def test_the_registry_and_the_rules_agree() -> None:
    """Every rule has its spec, in the same order, and its table makes it."""
    assert tuple(SPECS) == RULES


# ---- a rule that fails

RAISING = "        ready = parcel.first(frozenset((READY,)))\n"


@pytest.mark.parametrize(
    ("instead", "error"),
    [
        ("        raise KeyError(parcel.key)\n", KeyError),
        ("        raise SystemExit(0)\n", SystemExit),
        ("        return 3\n", TypeError),
        ("        yield from ()\n        raise ZeroDivisionError\n", ZeroDivisionError),
        ('        return ("late",)\n', TypeError),
        (
            '        return (Clock("other", "violation", 0, self.violation, None, ()),)\n',
            ValueError,
        ),
    ],
)
def test_a_rule_that_fails_is_passed_over(pack: Path, instead: str, error: type[Exception]) -> None:
    """Whatever it does wrong is counted; the other rules of the parcel still warn."""
    source = SOURCE
    assert RAISING in source
    cut = source.index(RAISING)
    end = source.index("class LockerOverdueTable")
    (pack / "locker_overdue.py").write_text(f"{source[:cut]}{instead}\n\n{source[end:]}")
    judging = Judging(pack)
    judging.feed(WAITING, LATER)
    failures: list[RuleFailure] = judging.machine.failures
    assert {failure.rule for failure in failures} == {"locker_overdue"}
    assert isinstance(failures[0].error, error)
    assert "pickup_overdue" in {revision.finding.rule for revision in judging.log}


def test_a_check_says_which_rule_failed(pack: Path, run: Callable[..., Result]) -> None:
    """An answer that a rule is missing from is not OK."""
    broken = RAISING + "        raise KeyError(1)\n"
    (pack / "locker_overdue.py").write_text(SOURCE.replace(RAISING, broken))
    orders, tracking = written(pack.parent, [order(), order("2")])
    found = json.loads(
        run(
            *("check", "zto", "78123456789012", "--order", "2", "--json"),
            *("--orders", orders, "--tracking", tracking),
            pack=pack,
        ).stdout
    )
    (reason,) = (one for one in found["reasons"] if one["code"] == "rule_failed")
    assert (found["verdict"], reason["level"]) == ("warn", "warn")
    assert "A rule, locker_overdue, failed" in reason["says"]["en"]


def test_what_a_failed_rule_had_published_stays(pack: Path) -> None:
    """A rule that can no longer judge withdraws nothing."""
    source = SOURCE
    broken = "        if parcel.stopped_at is not None:\n            raise KeyError(1)\n"
    (pack / "locker_overdue.py").write_text(source.replace(RAISING, broken + RAISING))
    judging = Judging(pack)
    judging.feed(WAITING, READY + 40 * HOUR)
    judging.feed([record("delivered", READY + 41 * HOUR)])
    assert len(judging.machine.failures) > 0
    assert judging.states("locker_overdue") == ["open"]


# ---- the other subjects

OF_AN_ORDER = '''\
"""The order was paid by a shop that must not sell."""

from dataclasses import dataclass
from streams.profiles.api import Check, CheckTable, RuleSpec


@dataclass(frozen=True, slots=True)
class Closed:
    name = "closed_shop"
    severity: str

    def episodes(self, *seen):
        linked = seen[-1]
        at = linked.base if len(seen) == 1 else linked.uploaded_at
        yield Check(self.name, "violation", self.severity, at, at, None, linked.proof())


class ClosedTable(CheckTable):
    def rule(self):
        return Closed(self.severity)


RULE = RuleSpec("closed_shop", "SEES", ClosedTable)
'''


@pytest.mark.parametrize(
    ("sees", "carrier", "anchor"), [("order", None, 0), ("parcel × order", "zto", 2)]
)
def test_rules_about_orders(tmp_path: Path, sees: str, carrier: str | None, anchor: int) -> None:
    """A rule of a pack may look at an order, or at an order of a parcel; it has a generic text."""
    (tmp_path / "closed_shop.py").write_text(OF_AN_ORDER.replace("SEES", sees))
    (tmp_path / "own.toml").write_text(
        'extends = "douyin-2026-07-09"\nrules.closed_shop.severity = "info"\n'
    )
    judging = Judging(tmp_path)
    judging.feed(WAITING, LATER)
    assert not judging.machine.failures
    (revision,) = (each for each in judging.log if each.finding.rule == "closed_shop")
    finding = revision.finding
    assert (finding.severity, finding.order_ids, finding.state) == ("info", ("1",), "open")
    assert finding.anchor == us(PICKED - 8 * HOUR + anchor * HOUR)
    assert (finding.parcel is None) == (carrier is None)


# ---- mistakes, each with its file and line

SPEC = 'RULE = RuleSpec("locker_overdue", sees="parcel", table=LockerOverdueTable)\n'
LAST = SOURCE.splitlines().index(SPEC.strip()) + 1
CLASS = SOURCE.splitlines().index("class LockerOverdue:") + 1
TABLE = SOURCE.splitlines().index("class LockerOverdueTable(Table):") + 1

MISTAKES = [
    ("no RULE", SPEC, "", 1, 'there is no RULE = RuleSpec("locker_overdue", ...)'),
    ("no spec", SPEC, "RULE = LockerOverdue\n", LAST, "RULE must be a RuleSpec (found type)"),
    ("name", '"locker_overdue", sees', '"locker", sees', LAST, "(found 'locker')"),
    ("sees", 'sees="parcel"', 'sees="shop"', LAST, "RULE.sees: allowed: 'order', 'parcel', "),
    ("table", "table=Locker", "table=3 or Locker", LAST, "RULE.table: a subclass of Table"),
    ("no rule()", "    def rule(", "    def make(", LAST, "with a method rule() is needed"),
    ("own name", 'name = "locker_overdue"', 'name = "x"', CLASS, "LockerOverdue.name: allowed: "),
    ("not frozen", "frozen=True, ", "", CLASS, "LockerOverdue must be a frozen dataclass"),
    ("no episodes", "def episodes", "def find", CLASS, "LockerOverdue has no method episodes()"),
    ("rule() fails", "LockerOverdue(self", "LockerOverdue(1, 2, self", None, "TypeError: "),
    ("syntax", "READY = ", "READY == = ", None, "not Python: invalid syntax"),
    ("import", "    staged,\n)", "    stage,\n)", 8, "ImportError: cannot import name 'stage'"),
    ("leaves", "READY = STATUS", "raise SystemExit(0) or STATUS", None, "SystemExit: 0"),
    ("at import", "READY = STATUS_CODE[", "READY = STATUS_CODE[0, ", None, "KeyError: "),
]


@pytest.mark.parametrize(
    ("good", "bad", "line", "text"), [pytest.param(*each[1:], id=each[0]) for each in MISTAKES]
)
def test_each_mistake_in_a_rule_is_named(
    pack: Path, run: Callable[..., Result], good: str, bad: str, line: int | None, text: str
) -> None:
    """File, line, what is missing; by `rules validate` and by whatever loads the pack."""
    assert good in SOURCE
    path = pack / "locker_overdue.py"
    path.write_text(SOURCE.replace(good, bad, 1))
    with pytest.raises(ProfileError) as caught:
        load([pack])
    found = caught.value.problems[0]
    if line is None:
        line = next(n for n, t in enumerate(path.read_text().splitlines(), 1) if bad.strip() in t)
    assert found.startswith(f"{path}:{line}: "), found
    assert text in found
    result = run("rules", "validate", str(pack))
    assert (result.exit_code, result.stdout) == (1, "")
    assert found in result.stderr.splitlines()


MISTAKES_OF_FIELDS = [
    ("no class", ", rule=LockerOverdue", "", "RULE.rule: the class of the rule is needed"),
    ("no frozen", "frozen=True, ", "", "LockerOverdue must be a frozen dataclass"),
    ("other name", 'name = "locker_overdue"', 'name = "x"', "LockerOverdue.name: allowed: "),
    ("no episodes", "def episodes", "def find", "LockerOverdue has no method episodes()"),
    ("no unit", "violation: Limit\n", "violation: int\n", "LockerOverdue.violation: a number of"),
    ("no such type", "violation: Limit\n", "violation: Limits\n", "name 'Limits' is not defined"),
]


@pytest.mark.parametrize(
    ("good", "bad", "text"), [pytest.param(*each[1:], id=each[0]) for each in MISTAKES_OF_FIELDS]
)
def test_each_mistake_in_fields_is_named(pack: Path, good: str, bad: str, text: str) -> None:
    """The line of the class, or of RULE, and what is allowed."""
    assert good in SHORT
    source = SHORT.replace(good, bad, 1)
    path = pack / "locker_overdue.py"
    path.write_text(source)
    with pytest.raises(ProfileError) as caught:
        load([pack])
    found = caught.value.problems[0]
    starts = "RULE =" if "RULE." in text else "class LockerOverdue:"
    line = next(n for n, one in enumerate(source.splitlines(), 1) if one.startswith(starts))
    assert found.startswith(f"{path}:{line}: "), found
    assert text in found


KINDS = '''\
"""Every type that a field may have."""

from dataclasses import dataclass
from typing import Annotated, Literal

from streams.profiles.api import (
    Between, Called, InDays, InHours, InMinutes, Limit, Provinces, Reads, RectifyWithin, RuleSpec,
    Severity, Statuses,
)


@dataclass(frozen=True, slots=True)
class Kinds:
    name = "kinds"
    violation: Limit
    grace: InHours
    window: Annotated[InDays, Between(1, 30), Reads("within {}")]
    skew: InMinutes
    times: Annotated[int, Between(2, 9)]
    ended_by: Statuses
    only: Provinces
    base: Annotated[Literal["first", "any_record"], Reads("by {}")]
    strict: Annotated[bool, Called("is_strict"), Reads("strictly", "loosely")]
    severity: Severity = "critical"
    rectify_within: RectifyWithin = None

    def episodes(self, parcel):
        return ()


RULE = RuleSpec("kinds", "parcel", rule=Kinds)
'''
SAID = {
    "violation": '{ limit_hours = 3, comparator = "ge", severity = "info" }',
    "grace_hours": "1.5",
    "window_days": "12",
    "skew_minutes": "5",
    "times": "3",
    "ended_by": '["hub", "delivered"]',
    "only": '[65, "西藏自治区"]',
    "base": '"any_record"',
    "is_strict": "false",
    "rectify_within_hours": "24",
}


def kinds_said(folder: Path, **changed: str | None) -> None:
    """The rule, and a profile that says its fields."""
    (folder / "kinds.py").write_text(KINDS, encoding="utf-8")
    said = "".join(f"{k} = {v}\n" for k, v in {**SAID, **changed}.items() if v is not None)
    text = f'extends = "douyin-2026-07-09"\n\n[rules.kinds]\n{said}'
    (folder / "own.toml").write_text(text, encoding="utf-8")


def test_every_type_of_a_field_reads_well(tmp_path: Path, run: Callable[..., Result]) -> None:
    """From the words of a profile to the rule's µs and codes, and back into words."""
    kinds_said(tmp_path)
    profile = load([tmp_path]).at("douyin", 1 << 60)
    (rule,) = (each.rule for each in profile.parcel_rules if isinstance(each, Guarded))
    hour = 3_600_000_000
    assert rule.violation == Limit(3 * hour, at_least=True, severity="info")
    assert (rule.grace, rule.window, rule.skew) == (hour * 3 // 2, 288 * hour, hour // 12)
    assert (rule.only, rule.rectify_within) == (frozenset((65, 54)), 24 * hour)
    listed = run("rules", "list", "--profile", "douyin-2026-07-09", pack=tmp_path).stdout
    assert listed.splitlines()[-1].split("  ")[-1] == (
        "≥ 3 h (info) · grace 1.5 h · within 12 d · skew 5 min · times 3 · ended by hub, delivered"
        " · only 西藏 54, 新疆 65 · by any record · loosely · critical · to be put right in 24 h"
    )


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("grace_hours", "-1", "Input should be greater than 0 (found -1)"),
        ("window_days", "31", "Input should be less than or equal to 30 (found 31)"),
        ("window_days", "1.5", "Input should be a valid integer (found 1.5)"),
        ("times", "1", "Input should be greater than or equal to 2 (found 1)"),
        ("ended_by", '["hubs"]', "'hubs' is no status; allowed: "),
        ("base", '"last"', "Input should be 'first' or 'any_record' (found 'last')"),
        ("grace_hours", None, "Field required"),
        ("times_", "3", "there is no such field; did you mean times? allowed: severity, rectify_"),
    ],
)
def test_a_field_is_checked_by_its_type(
    tmp_path: Path, field: str, value: str | None, text: str
) -> None:
    """The profile's file and line, its field, and what is allowed."""
    kinds_said(tmp_path, **{field: value})
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    (problem,) = caught.value.problems
    assert f": rules.kinds.{field}: " in problem
    assert text in problem


@pytest.mark.parametrize(
    ("good", "bad", "text"),
    [
        ("grace: InHours", 'grace: InHours = "5"', "grace: the default '5' is wrong: Input should"),
        ("grace: InHours", "grace: InHours = 0", "greater than 0; it is in µs, as in HOUR"),
        ("window: Annotated[InDays, Between(1, 30), Reads(\"within {}\")]", "window: InDays = 5",
         "window: the default 5 is wrong: Input should be greater than or equal to 86400000000"),
        ("Between(2, 9)]", "Between(2, 9)] = 77", "times: the default 77 is wrong: Input"),
        ("ended_by: Statuses", 'ended_by: Statuses = ("hubb",)', "ended_by: the default ('hubb',)"),
        ("violation: Limit", "violation: Limit = 3", "violation: the default 3 is wrong"),
        ('Severity = "critical"', 'Severity = "crit"', "should be 'critical', 'warning' or 'info'"),
    ],
)  # fmt: skip
def test_a_default_is_of_its_fields_type(tmp_path: Path, good: str, bad: str, text: str) -> None:
    """Else it would fail only where a command reads it out, or a rule uses it."""
    assert good in KINDS
    source = KINDS.replace(good, bad, 1).replace("slots=True", "slots=True, kw_only=True")
    (tmp_path / "kinds.py").write_text(source, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load([tmp_path])
    (problem,) = caught.value.problems
    assert text in problem


def test_a_rule_cannot_take_a_built_in_name(pack: Path) -> None:
    """Its file would seem to change what it does not change."""
    text = SOURCE.replace('"locker_overdue"', '"pickup_overdue"')
    (pack / "pickup_overdue.py").write_text(text)
    with pytest.raises(ProfileError) as caught:
        load([pack])
    assert caught.value.problems == [
        f"{pack / 'pickup_overdue.py'}:1: pickup_overdue is the name of a built-in rule"
    ]


def test_fields_of_a_packs_table_are_checked(pack: Path) -> None:
    """As strictly as those of built-in rules, with the allowed ones named."""
    path = pack / "douyin-own.toml"
    path.write_text(FILES["douyin-own.toml"].replace("limit_hours = 48", "limit_days = 2"))
    with pytest.raises(ProfileError) as caught:
        load([pack])
    line = (
        path.read_text().splitlines().index('violation = { limit_days = 2, severity = "warning" }')
        + 1
    )
    assert sorted(caught.value.problems) == [
        f"{path}:{line}: rules.locker_overdue.violation.limit_days: there is no such field; did "
        "you mean limit_hours? allowed: comparator, severity, limit_hours",
        f"{path}:{line}: rules.locker_overdue.violation.limit_hours: Field required",
    ]


def test_a_missing_rule_of_a_pack_is_named(pack: Path) -> None:
    """The profile turns a rule on that nobody wrote."""
    (pack / "locker_overdue.py").unlink()
    with pytest.raises(ProfileError, match=r"rules\.locker_overdue: there is no such rule; did"):
        load([pack])


@pytest.mark.parametrize(
    ("good", "bad", "text"),
    [
        ("{deadline} 前", "{deadlin} 前", "locker_overdue.violation.open.message: {deadlin} is no"),
        (
            "violation.open",
            "violation.opened",
            "locker_overdue.violation.opened: a state is one of",
        ),
        ("[locker_overdue.violation.open]", "[locker", "Expected ']'"),
    ],
)
def test_mistakes_in_texts_are_named(pack: Path, good: str, bad: str, text: str) -> None:
    """Before a warning would show them."""
    path = pack / "locker_overdue.texts.toml"
    source = FILES["locker_overdue.texts.toml"]
    assert good in source
    path.write_text(source.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load([pack])
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: ")
    assert text in problem


def test_helpers_and_tests_of_a_pack_are_left_alone(pack: Path) -> None:
    """Only files that are rules are run."""
    for name in ("_shared.py", "test_locker_overdue.py", "conftest.py"):
        (pack / name).write_text("raise SystemExit(name)")
    assert "locker_overdue" in load_all([pack]).specs


def test_a_changed_rule_is_read_anew(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiled copy of an earlier text is used, however short the time between, or left."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = pack / "locker_overdue.py"
    for word in ("waits", "stays", "rests"):
        path.write_text(SHORT.replace("waits", word, 1))
        rule = load_all([pack]).specs["locker_overdue"].rule
        assert rule is not None
        assert (sys.modules[rule.__module__].__doc__ or "").split()[2] == word
    assert not list(pack.glob("__pycache__"))
