"""The demo's self-check finds what differs and passes over what the law leaves open."""

from __future__ import annotations

import copy

import pytest

from streams.demo import view
from streams.demo.history import Outcome, differences, load, replayed
from streams.demo.levels import levels, with_levels
from streams.profiles.loader import load as load_profiles


@pytest.fixture(scope="module")
def replay() -> Outcome:
    """The bundled history and its levels of stock, replayed."""
    return replayed(with_levels(load()), load_profiles())


@pytest.fixture
def worker(replay: Outcome) -> Outcome:
    """A worker that agrees, for a test to change."""
    return copy.deepcopy(replay)


def standing(outcome: Outcome) -> dict[str, object]:
    """Some warning that is not withdrawn."""
    return next(one for one in outcome.warnings.values() if one["state"] == "resolved")


def test_equal_outcomes_have_no_differences(worker: Outcome, replay: Outcome) -> None:
    """The good end."""
    assert differences(worker, replay) == []


def test_a_missing_warning_is_named(worker: Outcome, replay: Outcome) -> None:
    """The worker did not publish what replay has."""
    gone = standing(worker)
    del worker.warnings[str(gone["warning_id"])]
    (line,) = differences(worker, replay)
    assert str(gone["warning_id"]) in line
    assert "not published by the worker" in line


def test_a_warning_too_many_is_named(worker: Outcome, replay: Outcome) -> None:
    """The worker published what replay does not have."""
    extra = {**standing(worker), "warning_id": "f" * 32}
    worker.warnings["f" * 32] = extra
    (line,) = differences(worker, replay)
    assert "not in replay" in line


@pytest.mark.parametrize("field", ["state", "deadline", "order_ids", "severity", "remedy"])
def test_a_different_field_is_named(worker: Outcome, replay: Outcome, field: str) -> None:
    """Everything in the message counts."""
    standing(worker)[field] = "other"
    (line,) = differences(worker, replay)
    assert field in line


@pytest.mark.parametrize("field", ["revision", "detected_at"])
def test_when_it_was_seen_does_not_count(worker: Outcome, replay: Outcome, field: str) -> None:
    """A worker sees things a moment later than replay does."""
    standing(worker)[field] = "other"
    assert differences(worker, replay) == []


def test_a_withdrawn_warning_does_not_count(worker: Outcome, replay: Outcome) -> None:
    """What only the worker published for a moment is no difference once it is withdrawn."""
    worker.warnings["f" * 32] = {**standing(worker), "state": "withdrawn"}
    assert differences(worker, replay) == []


def test_other_dead_letters_are_named(worker: Outcome, replay: Outcome) -> None:
    """Reasons and their numbers count."""
    worker.dead_letters["not_json"] += 1
    assert differences(worker, replay) == ["dead letters not_json: worker 3, replay 2"]


def test_an_older_revision_changes_nothing(replay: Outcome) -> None:
    """Consumers keep the greatest revision."""
    outcome = Outcome()
    warning = standing(replay)
    assert outcome.add(warning)
    assert not outcome.add({**warning, "state": "open"})
    assert not outcome.add({**warning, "state": "open", "revision": 1})
    assert outcome.warnings == {warning["warning_id"]: warning}
    assert outcome.kinds.total() == 1


def test_a_stock_that_differs_is_named(worker: Outcome, replay: Outcome) -> None:
    """What it lacks, and that it was never said; the summary names what is short."""
    assert len(replay.stock) == len({entry.key for entry in levels()}) == 7
    assert view.stock(replay.stock.values()) == (
        "stock of 7 products: blocks-500 of gusu-toys lacks 2 since 11-18 00:00"
    )
    product = ("tmall", "gusu-toys", "blocks-500")
    worker.stock[product]["short_by"] = 1
    del worker.stock["douyin", "xihu-tea", "gift-box"]
    missing, other = differences(worker, replay)
    assert missing.startswith("stock douyin xihu-tea gift-box: worker {}, replay {")
    assert other.startswith("stock tmall gusu-toys blocks-500: worker {")


def test_both_sales_were_too_good_for_a_while() -> None:
    """On Sunday two products were short, and no longer a day later."""
    at = {entry.arrival for entry in levels()}
    sunday = sorted(at)[1]
    short = {
        value["product_id"]
        for value in replayed(with_levels(load()), load_profiles(), sunday).stock.values()
        if value["short_by"]
    }
    assert short == {"gift-box", "kite"}
