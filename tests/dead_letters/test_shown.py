"""Records as a person reads them: nothing hidden, nothing that steers a terminal."""

from __future__ import annotations

import pytest
from support.dead_letters import letter, written

from streams.dead_letters.letters import Filter, Source, held, letters
from streams.dead_letters.shown import described, hex_dump, summary, text_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"a": "\\u5e7f\\u4e1c"}', '{\n  "a": "广东"\n}'),
        ('{"a": "广东"}'.encode(), '{\n  "a": "广东"\n}'),
        (b'{"a": "\\ud83d\\ude00"}', '{\n  "a": "😀"\n}'),
        (b'{"a": "\\\\u5e7f"}', '{\n  "a": "\\\\u5e7f"\n}'),
        (b'{"a": "\\u001b[2J\\u0022\\u200b"}', '{\n  "a": "\\u001b[2J\\u0022\\u200b"\n}'),
        (b'{"a": 1, "a": 1e400}', '{\n  "a": 1,\n  "a": 1e400\n}'),
        (b'{"a": "\\ud83d"}', '{"a": "\\ud83d"}'),
        (b"no json\n", "no json\n"),
        (b"\x1b[2J\r", "\\u001b[2J\\u000d"),
        ("广东".encode("gb18030"), None),
        (b"", ""),
    ],
)
def test_text(value: bytes, shown: str | None) -> None:
    """JSON as it was sent, with characters in place of escapes that can be read; other text."""
    assert text_of(value) == shown


def test_what_is_no_text_is_dumped() -> None:
    """Sixteen bytes a line."""
    assert list(hex_dump(b"0123456789abcdef\xff\x00|")) == [
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  |0123456789abcdef|",
        "00000010  ff 00 7c                                         |..||",
    ]


def test_everything_about_a_letter() -> None:
    """One line each; what came from outside cannot end a line."""
    source = Source(0, 0, *written(letter(key=b"a\nb\x1b", message="it\nis", max_value_bytes=10)))
    (found,) = letters([source], Filter()).found
    lines = dict(
        line.split("  ", 1)
        for line in described(found, held(source, found.letter), "2026-11-20 18:00:41+08:00")
    )
    shown = {name.strip(): text.strip() for name, text in lines.items()}
    assert shown["origin"] == "tracking-update-2-41"
    assert shown["message"] == "it is"
    assert shown["key"] == "a b\\u001b"
    assert "of which the first 10 are here; the whole is at its origin" in shown["value"]
    assert shown["sent again"] == "no"


def test_the_summary_counts() -> None:
    """By reason, field without places in lists, and topic; the most frequent first."""
    values = [
        letter(1, reason="wrong_type", field="items.0.quantity"),
        letter(2, reason="wrong_type", field="items.7.quantity"),
        letter(3, topic="order-paid", field=None),
    ]
    found = letters([Source(0, n, *written(each)) for n, each in enumerate(values)], Filter()).found
    assert list(summary(found)) == [
        "3 dead letters, 0 of them sent again",
        "  by reason: wrong_type 2, naive_time 1",
        "  by field: items.quantity 2, - 1",
        "  by topic: tracking-update 2, order-paid 1",
    ]
    assert list(summary([])) == ["0 dead letters, 0 of them sent again"]
