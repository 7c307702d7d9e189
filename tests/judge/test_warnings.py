"""Reconciling findings with what was published: revisions rise, repeats say nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.facts.times import MILLISECOND, SECOND
from streams.judge.evaluate import Candidate, subject_of, warning_id
from streams.judge.warnings import reconcile
from streams.state.state import Finding, Published

NOW = 1_795_000_000_000_000


def finding(rule: str = "rule", state: str = "open", opened_at: int = NOW) -> Finding:
    """A finding of one order."""
    return Finding(
        rule, "violation", "critical", "p", "douyin", "s", ("1",), None, NOW, state, opened_at,
        None, None, None,
    )  # fmt: skip


def found(key: str = "a", **fields: object) -> Candidate:
    """A finding under an id."""
    return Candidate(key, finding(**fields), ())  # type: ignore[arg-type]


def test_a_new_finding_is_published_at_the_milliseconds_of_its_detection() -> None:
    """The first revision of an id."""
    published, (revision,) = reconcile([], [found()], (), NOW + 1_234)
    assert revision.revision == (NOW + 1_234) // MILLISECOND
    assert revision.detected_at == NOW + 1_234
    assert published == [Published("a", revision.revision, finding())]


def test_what_did_not_change_is_not_published_again() -> None:
    """The same content later: no revision, and the old one stays remembered."""
    published, _ = reconcile([], [found()], (), NOW)
    again, revisions = reconcile(published, [found()], (), NOW + SECOND)
    assert (again, revisions) == (published, [])


def test_other_proof_alone_is_no_news() -> None:
    """Evidence records are no content."""
    published, _ = reconcile([], [found()], (), NOW)
    other = Candidate("a", finding(), (("tracking-update", 0, 1, "hub", NOW),))
    assert reconcile(published, [other], (), NOW + SECOND) == (published, [])


def test_revisions_rise_within_a_millisecond_and_against_the_clock() -> None:
    """At least one more than the last, even where the wall clock stands still or goes back."""
    published, (first,) = reconcile([], [found()], (), NOW)
    published, (second,) = reconcile(published, [found(opened_at=NOW + 1)], (), NOW)
    published, (third,) = reconcile(published, [found(opened_at=NOW + 2)], (), NOW - SECOND)
    assert [second.revision, third.revision] == [first.revision + 1, first.revision + 2]


def test_an_unsupported_finding_is_withdrawn_once() -> None:
    """Withdrawn, remembered, and not withdrawn again; it comes back with a higher revision."""
    published, (first,) = reconcile([], [found()], (), NOW)
    published, (gone,) = reconcile(published, [], (), NOW)
    assert gone.finding.state == "withdrawn"
    assert gone.revision > first.revision
    assert gone.finding.opened_at == first.finding.opened_at
    published, revisions = reconcile(published, [], (), NOW + SECOND)
    assert revisions == []
    published, (back,) = reconcile(published, [found()], (), NOW)
    assert back.finding.state == "open"
    assert back.revision > gone.revision


def test_what_a_failed_rule_published_is_left_alone() -> None:
    """Nothing is withdrawn because a rule raised; other rules' warnings are."""
    published, _ = reconcile([], [found("a", rule="broken"), found("b", rule="sound")], (), NOW)
    after, revisions = reconcile(published, [], {"broken"}, NOW + SECOND)
    assert [revision.finding.rule for revision in revisions] == ["sound"]
    assert {entry.warning_id: entry.finding.state for entry in after} == {
        "a": "open",
        "b": "withdrawn",
    }


sets = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3)


@given(st.lists(st.tuples(sets, st.integers(-5_000, 5_000)), max_size=12))
def test_any_sequence_of_findings(rounds: list[tuple[dict[str, int], int]]) -> None:
    """Per id: revisions rise, contents in a row differ, the newest is what stands."""
    published: list[Published] = []
    newest: dict[str, Published] = {}
    for contents, shift in rounds:
        findings = [found(key, opened_at=NOW + n) for key, n in contents.items()]
        published, revisions = reconcile(published, findings, (), NOW + shift)
        for revision in revisions:
            before = newest.get(revision.warning_id)
            if before is not None:
                assert revision.revision > before.revision
                assert revision.finding != before.finding
            newest[revision.warning_id] = Published(
                revision.warning_id, revision.revision, revision.finding
            )
        standing = {k: e.finding for k, e in newest.items() if e.finding.state != "withdrawn"}
        assert standing == {entry.warning_id: entry.finding for entry in findings_as(findings)}
        assert {entry.warning_id: entry for entry in published} == newest


def findings_as(findings: list[Candidate]) -> list[Published]:
    """Findings as if published."""
    return [Published(entry.warning_id, 0, entry.finding) for entry in findings]


def test_ids_and_subjects() -> None:
    """The id is the published formula, whatever else the warning says."""
    assert subject_of(None, "1") == "order:1"
    assert subject_of("zto:A1", None) == "parcel:zto:A1"
    assert subject_of("zto:A1", "1") == "parcel:zto:A1:order:1"
    key = warning_id("ship_overdue", "violation", "douyin", "order:1", NOW)
    assert key == warning_id("ship_overdue", "violation", "douyin", "order:1", NOW)
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert key != warning_id("ship_overdue", "violation", "douyin", "order:1", NOW + 1)
