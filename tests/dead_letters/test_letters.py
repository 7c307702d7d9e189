"""Dead letters as commands find them: each once, as wanted, and whether it was sent again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.builders import us
from support.dead_letters import DETECTED, RECORD, letter, written

from streams.dead_letters.letters import Filter, LetterBroken, Source, held, letters, mark

NOW = "2026-11-21T08:00:00+00:00"


def sources(*values: dict[str, Any] | bytes | Source) -> list[Source]:
    """Records of the topic, in one partition."""
    found = []
    for place, value in enumerate(values):
        if isinstance(value, Source):
            found.append(value._replace(offset=place))
        elif isinstance(value, bytes):
            found.append(Source(0, place, None, value))
        else:
            found.append(Source(0, place, *written(value)))
    return found


def sent(value: dict[str, Any]) -> Source:
    """The record that marks a letter as sent again."""
    (found,) = letters(sources(value), Filter()).found
    key, headers = mark(found.letter, NOW)
    return Source(0, 0, key, None, tuple(headers))


def offsets(found: Any) -> list[int]:
    """The offsets of letters' records."""
    return [each.letter.origin.offset for each in found.found]


def test_letters_are_found_earliest_first_and_once() -> None:
    """A crash may have one written twice: the first is taken."""
    found = letters(sources(letter(42), letter(41), letter(42)), Filter())
    assert offsets(found) == [41, 42]
    assert [each.place for each in found.found] == [(0, 1), (0, 0)]
    assert found.bad == 0


def test_what_is_no_letter_is_counted() -> None:
    """Not JSON, another message, not UTF-8; a deletion by somebody is nothing."""
    found = letters(sources(b"x", b"{}", b"\xff", Source(0, 0, b"k", None), letter()), Filter())
    assert (offsets(found), found.bad) == ([41], 3)


@pytest.mark.parametrize("again", [False, True])
def test_a_mark_stands_for_good(again: bool) -> None:
    """Also where the worker writes the letter once more after it was sent again."""
    one = letter()
    values = [one, sent(one), *([one] if again else []), letter(42)]
    assert [each.retried_at for each in letters(sources(*values), Filter()).found] == [NOW, None]


def test_a_mark_is_of_one_record() -> None:
    """A topic made anew has another record at the same offset: it was not sent again."""
    old, new = letter(value=b"old"), letter(value=b"new")
    found = letters(sources(old, sent(old), new), Filter()).found
    assert [each.retried_at for each in found] == [NOW, None]
    empty = letter(value=None)
    assert letters(sources(empty, sent(empty)), Filter()).found[0].retried_at == NOW


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Filter(), [1, 2, 3, 4]),
        (Filter(topics=("order-paid",)), [3]),
        (Filter(reasons=("wrong_type", "not_json")), [2, 4]),
        (Filter(fields=("occurred_at",)), [1, 3]),
        (Filter(fields=("items",)), [2]),
        (Filter(fields=("items.quantity",)), [2]),
        (Filter(fields=("items.0.quantity",)), [2]),
        (Filter(fields=("items.quant",)), []),
        (Filter(fields=("-",)), [4]),
        (Filter(origins=("tracking-update-2-4", "order-paid-2-3")), [3, 4]),
        (Filter(since=us(DETECTED + timedelta(seconds=2))), [2, 3, 4]),
        (Filter(until=us(DETECTED + timedelta(seconds=2))), [1]),
        (Filter(topics=("tracking-update",), reasons=("naive_time",)), [1]),
    ],
)
def test_filters(wanted: Filter, found: list[int]) -> None:
    """Every part must fit; from a time on, and before one."""
    values = [
        letter(1),
        letter(2, reason="wrong_type", field="items.0.quantity"),
        letter(3, topic="order-paid"),
        letter(4, reason="not_json", field=None),
    ]
    assert offsets(letters(sources(*values), wanted)) == found


def test_the_bytes_are_those_of_the_record() -> None:
    """Key and value as they came; a letter whose bytes are damaged is named."""
    (source,) = sources(letter())
    (found,) = letters([source], Filter()).found
    assert (held(source, found.letter).key, held(source, found.letter).value) == (
        b"zto:781",
        RECORD,
    )
    (broken,) = sources({**letter(), "value": "*"})
    with pytest.raises(LetterBroken, match="tracking-update-2-41: the bytes"):
        held(broken, found.letter)
