"""Check digits of tracking numbers: one function per algorithm that the data files name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Computes = Callable[[str], str]
"""A serial number → the check digit that belongs to it."""

_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod7(_: Mapping[str, Any]) -> Computes:
    """The remainder of the whole serial number divided by seven (DHL Express)."""
    return lambda serial: str(int(serial) % 7)


def mod10(rule: Mapping[str, Any]) -> Computes:
    """What is missing to the next ten, after weighing every other character (UPS, USPS …)."""
    even, odd = int(rule.get("evens_multiplier") or 1), int(rule.get("odds_multiplier") or 1)
    backwards = bool(rule.get("reverse"))

    def compute(serial: str) -> str:
        values = [_digit_of(character) for character in serial]
        if backwards:
            values.reverse()
        return str(-(even * sum(values[::2]) + odd * sum(values[1::2])) % 10)

    return compute


def luhn(_: Mapping[str, Any]) -> Computes:
    """As on bank cards: every other digit doubled, from the right, and its digits added."""

    def compute(serial: str) -> str:
        digits = [int(character) for character in reversed(serial)]
        return str(-(sum(sum(divmod(2 * d, 10)) for d in digits[::2]) + sum(digits[1::2])) % 10)

    return compute


def s10(rule: Mapping[str, Any]) -> Computes:
    """The Universal Postal Union's: weighted, modulo eleven, with two of its results replaced."""
    weights, modulus = rule["weightings"], int(rule["modulo"])

    def compute(serial: str) -> str:
        check = modulus - _weighted(serial, weights) % modulus
        return str({modulus: 5, modulus - 1: 0}.get(check, check))

    return compute


def sum_product_with_weightings_and_modulo(rule: Mapping[str, Any]) -> Computes:
    """The weighted sum, modulo one number and then another (FedEx)."""
    weights, first, second = rule["weightings"], int(rule["modulo1"]), int(rule["modulo2"])
    return lambda serial: str(_weighted(serial, weights) % first % second)


def mod_37_36(rule: Mapping[str, Any]) -> Computes:
    """ISO 7064, MOD 37,36: digits and letters, the check character is one of both (DPD)."""
    alphabet = str(rule.get("alphabet") or _BASE_36)
    modulus = len(alphabet)

    def compute(serial: str) -> str:
        product = modulus
        for character in serial:
            total = (product + alphabet.index(character)) % modulus or modulus
            product = total * 2 % (modulus + 1)
        return alphabet[(modulus + 1 - product) % modulus]

    return compute


ALGORITHMS: dict[str, Callable[[Mapping[str, Any]], Computes]] = {
    "mod7": mod7,
    "mod10": mod10,
    "luhn": luhn,
    "s10": s10,
    "sum_product_with_weightings_and_modulo": sum_product_with_weightings_and_modulo,
    "mod_37_36": mod_37_36,
}


def check_digit(validation: Mapping[str, Any]) -> Computes | None:
    """How a format's `validation` computes the check digit of a serial number; None: it has none.

    A serial number that lacks what its carrier leaves out on the label is completed first.
    """
    rule = validation.get("checksum")
    if rule is None:
        return None
    compute = ALGORITHMS[rule["name"]](rule)
    missing = validation.get("serial_number_format", {}).get("prepend_if")
    if missing is None:
        return compute
    lacks, content = re.compile(missing["matches_regex"]), missing["content"]
    return lambda serial: compute(content + serial if lacks.match(serial) else serial)


def _digit_of(character: str) -> int:
    """A digit's own value; a letter's, as UPS counts them: A is 2, B is 3, … I is 0."""
    return int(character) if character.isdigit() else (ord(character) - 3) % 10


def _weighted(serial: str, weights: list[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(serial, weights, strict=True))
