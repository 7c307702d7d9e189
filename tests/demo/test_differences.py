"""The demo's self-check finds what differs and passes over what the law leaves open."""

from __future__ import annotations

import copy

import pytest

from streams.demo.history import Outcome, differences, load, replayed
from streams.profiles.loader import load as load_profiles


@pytest.fixture(scope="module")
def replay() -> Outcome:
    """The bundled history, replayed."""
    return replayed(load(), load_profiles())


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
