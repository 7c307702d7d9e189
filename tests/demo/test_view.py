"""What the demo prints: lines that align, a table, and what to act on first."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import pytest

from streams.demo import view
from streams.demo.history import Outcome
from streams.demo.screen import BURST, Screen
from streams.rules.registry import RULES


def warning(**fields: Any) -> dict[str, Any]:
    """An open warning about a parcel."""
    return {
        "warning_id": "a" * 32,
        "revision": 1,
        "state": "open",
        "rule": "inactive_after_pickup",
        "stage": "violation",
        "order_ids": ["1"],
        "carrier": "zto",
        "tracking_number": "78123456789012",
        "opened_at": "2026-11-12T04:00:00+00:00",
        "deadline": "2026-11-12T10:00:00+00:00",
        "breached_at": None,
        "resolved_at": None,
        "detected_at": "2026-11-12T04:05:00+00:00",
        "exposure": {"kind": "strike"},
        **fields,
    }


def test_a_line_says_what_is_wrong_and_what_to_do() -> None:
    """Time in Beijing, state, rule, parcel, deadline, hint."""
    line = click.unstyle(view.line(warning(), 200))
    assert line.split() == [
        *("11-12", "12:05", "OPEN", "inactive_after_pickup", "zto", "78123456789012"),
        *("11-12", "18:00", "ask", "for", "the", "hub", "scan"),
    ]


def test_lines_align_under_the_header() -> None:
    """Every column starts where its title does."""
    line = click.unstyle(view.line(warning(stage="serious"), 200))
    for title, begins in (
        ("state", "OPEN"),
        ("rule", "inactive_after_pickup serious"),
        ("parcel", "zto "),
        ("deadline", "11-12 18:00"),
        ("what", "ask"),
    ):
        assert view.HEADER.index(title) == line.index(begins)


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_cut_at_120_columns(rule: str) -> None:
    """The usual wide terminal shows every hint in full."""
    for state in ("open", "breached", "resolved", "withdrawn"):
        one = warning(
            rule=rule, state=state, carrier="jtexpress", tracking_number="JT2867006891859"
        )
        assert "…" not in click.unstyle(view.line(one, 120))


@pytest.mark.parametrize("width", [40, 80, 100, 120])
def test_a_line_fits_the_terminal(width: int) -> None:
    """A line that wraps is not aligned."""
    line = view.line(warning(rule="duplicate_tracking_number", carrier="jtexpress"), width)
    assert len(click.unstyle(line)) <= width


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "resolved"}, "ended in time"),
        ({"state": "resolved", "breached_at": "2026-11-12T10:00:00+00:00"}, "ended too late"),
        (
            {"state": "resolved", "rule": "duplicate_tracking_number", "deadline": None},
            "put right",
        ),
        ({"state": "withdrawn"}, "proved wrong by new facts"),
        ({"rule": "duplicate_tracking_number"}, "fix or release number"),
    ],
)
def test_hints(fields: dict[str, Any], words: str) -> None:
    """What became of it, where there is nothing to do."""
    assert view.hint(warning(**fields)) == words


def test_the_most_urgent_come_first() -> None:
    """Open by deadline, then without one, then breached; one warning an order, nothing ended."""
    soon = warning(warning_id="1", order_ids=["1"], deadline="2026-11-12T11:00:00+00:00")
    later = warning(warning_id="2", order_ids=["2"], deadline="2026-11-13T11:00:00+00:00")
    check = warning(warning_id="3", order_ids=["3"], deadline=None)
    breached = warning(warning_id="4", order_ids=["4"], state="breached")
    again = warning(warning_id="5", order_ids=["2"], state="breached")
    ended = warning(warning_id="6", order_ids=["6"], state="resolved")
    chosen = view.most_urgent([ended, again, breached, check, later, soon])
    assert [one["warning_id"] for one in chosen] == ["1", "2", "3", "4"]
    assert view.most_urgent([later, soon], 1) == [soon]


def test_the_table_has_no_breaches_of_a_check() -> None:
    """A duplicate has no deadline: a dash, not a zero."""
    outcome = Outcome()
    outcome.add(warning(warning_id="1", rule="duplicate_tracking_number", deadline=None))
    outcome.add(warning(warning_id="2", state="breached"))
    rows = {row.split()[0]: row.split()[2:] for row in view.table(outcome)[2:]}
    assert rows["duplicate_tracking_number"] == ["1", "-", "0", "0", "1", "-"]
    assert rows["inactive_after_pickup"] == ["0", "1", "0", "0", "0", "1"]


def test_a_check_wants_to_be_put_right_at_once() -> None:
    """Where there is no deadline, the column does not look empty while something is to be done."""
    check = warning(rule="duplicate_tracking_number", deadline=None)
    assert "at once" in click.unstyle(view.line(check, 200))
    ended = click.unstyle(view.line({**check, "state": "resolved"}, 200))
    assert "at once" not in ended


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_hint_and_an_explanation(rule: str) -> None:
    """What to do in a few words, and what the rule is about in one sentence."""
    assert view.hint(warning(rule=rule))
    text = click.unstyle(view.explanation(rule, 200)).strip()
    assert text.endswith(".")
    assert len(click.unstyle(view.explanation(rule, 80))) <= 80


def test_a_rule_is_explained_where_it_first_warns(capsys: pytest.CaptureFixture[str]) -> None:
    """Once for each rule, below its first line."""
    screen = Screen(verbose=True, monotonic=lambda: 0.0)
    for rule in ("ship_overdue", "ship_overdue", "pickup_overdue"):
        screen.revision(warning(rule=rule))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == click.unstyle(view.explanation("ship_overdue", 200))
    assert "pickup_overdue" in lines[3]
    assert len(lines) == 5


FINE = {"kind": "compensation", "currency": "CNY", "least": 500, "most": 5000}


@pytest.mark.parametrize(
    ("exposure", "words"),
    [
        ({"kind": "strike"}, "may count as a strike"),
        (FINE, "may cost CNY 5.00–50.00"),
        ({"kind": "compensation", "currency": None, "most": None}, "may cost money"),
    ],
)
def test_what_a_warning_may_cost(exposure: dict[str, Any], words: str) -> None:
    """A sum where the platform names one and the amount paid is known."""
    assert view.cost(warning(exposure=exposure)) == words


def test_what_is_at_stake_counts_what_stands() -> None:
    """Open and breached warnings; what has ended costs nothing that could be saved."""
    found = [warning(exposure=FINE), warning(exposure=FINE, state="breached"), warning()]
    found += [warning(exposure=FINE, state="resolved"), warning(state="withdrawn")]
    text = view.at_stake(found)
    assert text.endswith(": CNY 10.00–100.00 in 2 warnings, a strike in 1")


def test_dead_letters_by_reason() -> None:
    """How many, and why."""
    assert view.dead_letters(Counter(not_json=2, naive_time=1)) == (
        "3 dead letters: naive_time 1, not_json 2"
    )
    assert view.dead_letters(Counter()) == "no dead letters"


def test_too_many_lines_are_counted_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """The eye keeps up, and the number of those left out is said."""
    screen = Screen(verbose=True, monotonic=lambda: 0.0)
    for _ in range(BURST + 5):
        screen.revision(warning())
    screen.rest()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == BURST + 2, "one of them explains the rule"
    assert lines[-1].strip() == "… and 5 more: 5 open"


def test_the_first_of_each_kind_is_always_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """What the demo promises to show is shown, however fast it comes."""
    screen = Screen(verbose=True, monotonic=lambda: 0.0)
    for _ in range(BURST + 5):
        screen.revision(warning())
    screen.revision(warning(state="withdrawn"))
    lines = capsys.readouterr().out.splitlines()
    assert "5 more" in lines[-2]
    assert "WITHDRAWN" in lines[-1]


def test_output_to_a_file_has_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    """Colours and the moving status are for terminals; elsewhere the status comes once a day."""
    screen = Screen(verbose=True)
    screen.revision(warning(state="breached"))
    for hour in range(3):
        screen.status(f"11-11 0{hour}:00 [....]")
    screen.status("11-12 00:00 [#...]")
    screen.clear()
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\r" not in out
    assert out.count("[....]") == 1
    assert "11-12 00:00" in out


def test_quiet_prints_no_revisions(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is said."""
    screen = Screen(quiet=True)
    screen.revision(warning())
    screen.status("11-11")
    screen.say("said")
    assert capsys.readouterr().out == "said\n"


def test_calm_is_the_first_of_each_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """As what the rule is about, one line each; in a file no status comes between."""
    screen = Screen()
    for rule in ("ship_overdue", "ship_overdue", "pickup_overdue"):
        screen.revision(warning(rule=rule))
        screen.revision(warning(rule=rule, state="breached", stage="serious"))
        screen.status("11-11 00:00 [....]")
    screen.rest()
    assert capsys.readouterr().out.splitlines() == [
        "11-12 12:05  ship_overdue               The order was not picked up by the promised "
        "ship-by time.",
        "11-12 12:05  pickup_overdue             A tracking number was uploaded and the carrier "
        "has not picked the parcel up.",
    ]


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_is_about_fits_a_wide_terminal(rule: str) -> None:
    """And is cut on a narrow one."""
    assert "…" not in view.first(warning(rule=rule), 140)
    assert len(view.first(warning(rule=rule), 80)) <= 80


def test_what_to_act_on_says_by_when_and_what_it_may_cost() -> None:
    """In one line; the remedies come below."""
    assert view.urgent(warning(exposure=FINE), 200).split() == [
        *("11-12", "18:00", "inactive_after_pickup", "zto", "78123456789012"),
        *("may", "cost", "CNY", "5.00–50.00"),
    ]
    assert len(view.urgent(warning(exposure=FINE), 60)) == 60
