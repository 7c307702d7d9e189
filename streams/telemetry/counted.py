"""Counts in sentences: one record, two records."""

from __future__ import annotations


def counted(number: float, noun: str, spec: str = "", *, plural: str | None = None) -> str:
    """`1 record`, `2 records`: the number, by `spec` as in format(), and the noun that fits it.

    `plural`: of a noun, or a noun and its verb, that does more than add an s.
    """
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{number:{spec}} {word}"
