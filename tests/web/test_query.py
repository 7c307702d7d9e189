"""Which warnings are in the list, and which come first."""

from __future__ import annotations

import pytest
from support.listed import NOW, warning

from streams.decode.names import with_own
from streams.facts.times import HOUR
from streams.state.codec import dump, published_of
from streams.state.state import OrderState, ParcelState, Published
from streams.web.query import MOST, USUAL, Query, Refused, read, row, select


def listed(query: Query, *warnings: Published) -> list[str]:
    """Ids in the order of the list; the warnings lie in an order's and in a parcel's state."""
    half = len(warnings) // 2
    found = []
    for table, state in (
        ("orders", OrderState("o1", published=list(warnings[:half]), due=5)),
        ("parcels", ParcelState("zto:1", published=list(warnings[half:]), due=5)),
    ):
        found.append(select(query, NOW)(table, iter([[(b"k", dump(state))]])))
    entries = sorted((e for part in found for e in part.first), key=lambda e: e.warning_id)
    assert sum(part.total for part in found) >= len(entries)
    return [entry.warning_id for entry in entries]


def test_what_stands_is_listed_and_nothing_else() -> None:
    """Resolved and withdrawn warnings are history."""
    states = ("open", "breached", "resolved", "withdrawn")
    warnings = [warning(state, state) for state in states]
    assert listed(Query({}), *warnings) == ["breached", "open"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("platform", "tmall"),
        ("shop", "s2"),
        ("rule", "ship_overdue"),
        ("stage", "serious"),
        ("state", "breached"),
        ("carrier", "sf"),
    ],
)
def test_each_filter_keeps_its_own(name: str, value: str) -> None:
    """By platform, shop, rule, stage, state and carrier; several values of one are any of them."""
    field = {"shop": "shop_id", "carrier": "parcel"}.get(name, name)
    other = "sf:1" if name == "carrier" else value
    given = {} if field == "state" else {field: other}
    both = [
        warning("usual"),
        warning("wanted", "breached" if name == "state" else "open", **given),
    ]
    assert listed(read({name: [value]}), *both) == ["wanted"]
    usual = {"shop": "s1", "carrier": "zto", "state": "open"}.get(name)
    usual = usual or str(getattr(both[0].finding, name))
    assert listed(read({name: [value, usual]}), *both) == ["usual", "wanted"]
    assert listed(read({name: ["$__all"]}), *both) == ["usual", "wanted"]


def test_a_warning_without_a_shop_is_found_as_unknown() -> None:
    """As the metrics name it."""
    both = [warning("with"), warning("without", shop_id=None)]
    assert listed(read({"shop": ["unknown"]}), *both) == ["without"]


def test_other_is_every_shop_without_a_label_of_its_own() -> None:
    """As the metrics count it: a number under `other` leads to what it counts."""
    entries = [warning("named"), warning("rest", shop_id="s9"), warning("none", shop_id=None)]
    state = ParcelState("zto:1", published=entries, due=5)

    def label(platform: str, shop: str) -> str:
        return shop if (platform, shop) == ("douyin", "s1") else "other"

    for asked, wanted in (
        (["other"], ["none", "rest"]),
        (["s1", "other"], ["named", "none", "rest"]),
    ):
        visit = select(read({"var-shop": asked}), NOW, label)
        found = visit("parcels", iter([[(b"k", dump(state))]]))
        assert sorted(entry.warning_id for entry in found.first) == wanted


def test_a_parameter_that_is_none_is_refused() -> None:
    """A misspelt filter would list everything, and nobody would see it."""
    with pytest.raises(
        Refused, match="shops: there is no such parameter; there are platform, shop"
    ):
        read({"shops": ["s1"]})


RULES = ("pickup_overdue", "my_own_rule")


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"state": ["nope"]},
            "state='nope': allowed is open, breached",
        ),
        (
            {"state": ["open", "resolved"]},
            "state='resolved': allowed is open, breached",
        ),
        (
            {"state": ["All", "nope"]},
            "state='nope': allowed is open, breached",
        ),
        (
            {"var-stage": ["Serious"]},
            "stage='Serious': allowed is violation, serious, notice",
        ),
        (
            {"rule": ["pickup_overdu"]},
            "rule='pickup_overdu': allowed is pickup_overdue, my_own_rule",
        ),
        ({"lang": ["fr"]}, "lang='fr': allowed is en, zh"),
        ({"format": ["csv"]}, "format='csv': allowed is html, json"),
        ({"lang": ["en", "zh"]}, "lang is given 2 times: once is allowed"),
        ({"format": ["json", "json"]}, "format is given 2 times: once is allowed"),
        ({"limit": ["5", "6"]}, "limit is given 2 times: once is allowed"),
        ({"limit": ["2.5"]}, "limit='2.5': an integer from 1 to 500 is allowed"),
        (
            {"var-within_hours": ["1"], "within_hours": ["2"]},
            "within_hours is given 2 times: once is allowed",
        ),
        ({"within_hours": ["nan"]}, "within_hours='nan': a number from 0 to 8784 is allowed"),
        (
            {"severity": ["critical"]},
            "severity: there is no such parameter; there are platform, shop, rule, stage, state, "
            "carrier, within_hours, limit, lang, format",
        ),
        (
            {"state": ["x" * 1000]},
            f"state='{'x' * 60}…': allowed is open, breached",
        ),
    ],
)
def test_what_is_not_understood_is_refused(given: dict[str, list[str]], line: str) -> None:
    """With the parameter, the value and what is allowed: a list of something else misleads."""
    with pytest.raises(Refused) as caught:
        read(given, RULES)
    assert str(caught.value) == line


def test_what_is_understood_is_not_refused() -> None:
    """Rules of packs, names that only messages know, every way to say any, empty parameters."""
    given = {
        "rule": ["my_own_rule", ""],
        "platform": ["a-new-one"],
        "carrier": ["somebody"],
        "shop": ["other"],
        "state": ["$__all"],
        "stage": [".*"],
        "lang": ["zh", ""],
        "format": ["json"],
    }
    query = read(given, RULES)
    assert query.filters == {
        "rule": {"my_own_rule"},
        "platform": {"a-new-one"},
        "carrier": {"somebody"},
        "shop": {"other"},
    }
    assert (query.language, query.format) == ("zh", "json")
    assert read({"rule": ["of another worker"]}).filters == {"rule": {"of another worker"}}


def test_filters_know_names() -> None:
    """Carriers and platforms by any of their names, shops as spreadsheets write them."""
    query = read(
        {
            "carrier": ["ZTO", "顺丰速运"],
            "platform": ["天猫", "Douyin"],
            "shop": ['="S-1"', " other"],
        }
    )
    assert query.filters == {
        "carrier": {"zto", "sf"},
        "platform": {"tmall", "douyin"},
        "shop": {"S-1", "other"},
    }
    own = with_own({"own van": "van"}, {}, ())
    assert read({"carrier": ["Own Van"]}, None, own).filters == {"carrier": {"van"}}


def test_within_hours_reaches_its_hour() -> None:
    """Open ones due at that moment or before it; what has no deadline, or passed it, is not due."""
    warnings = [
        warning("due", deadline=NOW + 2 * HOUR),
        warning("later", deadline=NOW + 2 * HOUR + 1),
        warning("check", deadline=None),
        warning("over", "breached", deadline=NOW - HOUR),
    ]
    assert listed(read({"within_hours": ["2"]}), *warnings) == ["due"]


def test_the_most_urgent_come_first() -> None:
    """Open by deadline, then checks (the newest first), then the latest breaches; cut at a limit
    that the total does not know."""
    warnings = [
        warning("old breach", "breached", breached_at=NOW - 9 * HOUR),
        warning("new breach", "breached", breached_at=NOW - HOUR),
        warning("old check", deadline=None, opened_at=NOW - 9 * HOUR),
        warning("new check", deadline=None),
        warning("due later", deadline=NOW + 9 * HOUR),
        warning("due soon", deadline=NOW + HOUR),
    ]
    state = ParcelState("zto:1", published=warnings, due=5)
    found = select(Query({}), NOW)("parcels", iter([[(b"k", dump(state))]]))
    assert [entry.warning_id for entry in found.first] == [
        *("due soon", "due later"),
        *("new check", "old check"),
        *("new breach", "old breach"),
    ]
    few = select(Query({}, limit=2), NOW)("parcels", iter([[(b"k", dump(state))]] * 9))
    assert [entry.warning_id for entry in few.first] == ["due soon", "due soon"]
    assert few.total == 54


@pytest.mark.parametrize(
    "given",
    [{"limit": ["0"]}, {"limit": [str(MOST + 1)]}, {"limit": ["x"]}, {"within_hours": ["-1"]}],
)
def test_what_is_no_number_is_refused_by_name(given: dict[str, list[str]]) -> None:
    """The answer names the parameter, the value and what is allowed."""
    with pytest.raises(Refused, match=rf"{next(iter(given))}='.*allowed"):
        read(given)


def test_limits_have_a_default() -> None:
    """Empty parameters count as not given."""
    assert read({"limit": [""], "within_hours": [""], "shop": [""]}) == Query({}, None, USUAL)


def test_a_row_is_the_warning_without_its_evidence() -> None:
    """Fields of the topic, with texts in both languages; nothing of the state besides."""
    found = row(warning("w1"))
    assert (found["warning_id"], found["rule"], found["state"]) == ("w1", "pickup_overdue", "open")
    assert set(found["remedy"]) == {"zh", "en"}
    assert "evidence" not in found


@pytest.mark.parametrize("version", [b"\x01", b"\x02"])
def test_peeking_gives_what_decoding_gives(version: bytes) -> None:
    """Of states of either version, with and without warnings."""
    for table, state in (
        ("orders", OrderState("o1", published=[warning("w1"), warning("w2")], due=7)),
        ("orders", OrderState("o1")),
        ("parcels", ParcelState("zto:1", published=[warning("w1")], due=7)),
        ("parcels", ParcelState("zto:1")),
    ):
        assert published_of(table, version + dump(state)[1:]) == state.published
