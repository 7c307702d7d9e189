"""Tracking numbers against the international formats: the data's own examples, all of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reference.numbers import _carriers, fits, guess
from streams.reference.numbers.check_digits import ALGORITHMS, check_digit
from streams.reference.numbers.formats import Format, load

FORMATS = load()
CHECKED = [
    (format_, number)
    for format_ in FORMATS
    if format_.check is not None
    for number in format_.valid
]


def normalised(number: str) -> str:
    """A number as the decoder leaves it: no blanks, upper case."""
    return re.sub(r"\s", "", number).upper()


def name_of(value: object) -> str | None:
    """A format's name in the test's."""
    return value.name if isinstance(value, Format) else None


@pytest.mark.parametrize(
    ("format_", "number"), [(f, n) for f in FORMATS for n in f.valid], ids=name_of
)
def test_valid_numbers_fit(format_: Format, number: str) -> None:
    """Every number that the data calls valid fits its format, and `guess` names its courier."""
    assert format_.fits(normalised(number))
    if format_.telling:
        assert format_.courier in guess(normalised(number))


@pytest.mark.parametrize(
    ("format_", "number"), [(f, n) for f in FORMATS for n in f.invalid], ids=name_of
)
def test_invalid_numbers_do_not_fit(format_: Format, number: str) -> None:
    """No number that the data calls invalid fits the format."""
    assert not format_.fits(normalised(number))


def test_all_of_the_data_is_read() -> None:
    """Every file, every format with examples of both kinds, every algorithm that we know."""
    assert len(FORMATS) == 39
    assert len({f.courier for f in FORMATS}) == 18
    assert sum(len(f.valid) + len(f.invalid) for f in FORMATS) == 280
    assert all(f.valid and f.invalid for f in FORMATS)
    assert {f.name for f in FORMATS if not f.telling} == {"DHL E-Commerce (14)"}
    assert {f.courier for c in _carriers().values() for f in c.formats} == {
        f.courier for f in FORMATS
    }


@pytest.mark.parametrize(("format_", "number"), CHECKED, ids=name_of)
def test_a_mistyped_check_digit_is_seen(format_: Format, number: str) -> None:
    """With any other check digit a valid number does not fit: one right digit out of ten."""
    plain = normalised(number)
    parts = format_.shape(plain)
    assert parts is not None
    at = parts.start("CheckDigit")
    right = [d for d in "0123456789" if format_.fits(plain[:at] + d + plain[at + 1 :])]
    assert right == ([plain[at]] if plain[at].isdigit() else [])


@pytest.mark.parametrize(
    ("rule", "serial", "digit"),
    [
        ({"name": "mod7"}, "331881002", "5"),
        ({"name": "mod10", "evens_multiplier": 1, "odds_multiplier": 2}, "999AA1012345678", "4"),
        ({"name": "mod10", "evens_multiplier": 3, "odds_multiplier": 1}, "007393800054929", "7"),
        ({"name": "mod10", "evens_multiplier": 3, "reverse": True}, "12", "3"),
        ({"name": "luhn"}, "7992739871", "3"),
        ({"name": "s10", "weightings": [8, 6, 4, 2, 3, 5, 9, 7], "modulo": 11}, "47312482", "9"),
        ({"name": "s10", "weightings": [1], "modulo": 11}, "1", "0"),
        ({"name": "s10", "weightings": [1], "modulo": 11}, "0", "5"),
        (
            {
                "name": "sum_product_with_weightings_and_modulo",
                "weightings": [3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1],
                "modulo1": 11,
                "modulo2": 10,
            },
            "98657878885",
            "5",
        ),
        ({"name": "mod_37_36"}, "A12425GABC1234002", "M"),
    ],
)
def test_algorithms(rule: dict[str, object], serial: str, digit: str) -> None:
    """Examples that are published elsewhere or small enough to do by hand."""
    compute = check_digit({"checksum": rule})
    assert compute is not None
    assert compute(serial) == digit


def test_every_algorithm_has_an_example() -> None:
    """The data uses every algorithm that is written here, so its examples test each."""
    used = {f.check.__qualname__.split(".")[0] for f in FORMATS if f.check}
    # A serial number to be completed first is wrapped, in the formats of OnTrac and USPS.
    assert used == {*ALGORITHMS, "check_digit"}


@pytest.mark.parametrize(
    ("carrier", "number", "verdict"),
    [
        ("ups", "1Z5R89390357567127", True),
        ("ups", "1Z5R89390357567128", False),  # mistyped
        ("ups", "78123456789012", False),  # a domestic number under the wrong carrier
        ("ups", "4201002334249200190132607600833457", True),  # handed to USPS for the last mile
        ("fedex", "986578788855", True),
        ("fedex", "986578788856", False),
        ("usps", "RB123456785US", True),  # international post
        ("usps", "1Z5R89390357567127", False),
        ("dhl", "3318810025", True),
        ("dhl-express", "3318810025", True),  # as tracking services spell it
        ("dhl_express", "3318810024", False),
        ("dhl", "00340434161094042557", None),  # a kind of DHL number that the data does not hold
        ("canada_post", "0073938000549292", False),
        ("royal-mail", "RB123456785GB", True),
        ("royal_mail", "RB123456784GB", False),
        ("royal_mail", "32043410800003A1B2C3D", None),  # domestic: not known, not wrong
        ("s10", "RB123456785XX", False),  # no such country
        ("lasership", "1LS7119013618127-1", True),  # its hyphen belongs to it
        ("ups", "1Z-5R8939-0357567127", True),  # these are a typist's
        ("amazon", "TBA000000000000", True),
        ("zto", "78123456789012", None),
        ("sf", "SF1234567890123", None),
        ("jd", "JDVA00012345678-1-2", None),
        ("", "1Z5R89390357567127", None),
        ("ups", "", False),
        ("ups", "1" * 36, False),
        ("dhl", "1" * 36, None),
    ],
)
def test_fits(carrier: str, number: str, verdict: bool | None) -> None:
    """True, False, and None for what the data cannot know."""
    assert fits(carrier, number) is verdict


@pytest.mark.parametrize(
    "carrier", ["zto", "yto", "sto", "yunda", "sf", "jtexpress", "jd", "ems", "chinapost", "deppon"]
)
@given(number=st.text("0123456789ABCSFJDYT-", max_size=35))
def test_chinese_carriers_are_never_judged(carrier: str, number: str) -> None:
    """They publish no check digit: whatever the number, nobody can say that it does not fit."""
    assert fits(carrier, number) is None


@pytest.mark.parametrize(
    ("number", "couriers"),
    [
        ("1Z5R89390357567127", ("ups",)),
        ("RB123456785GB", ("s10",)),
        ("LX123456785CN", ("s10", "dhl")),  # the check digit is the better evidence
        ("YT2229521272164446", ("yunexpress",)),
        ("YT8812345678901", ()),  # YTO's has thirteen digits
        ("60120172242323", ()),  # fourteen digits without a check digit say nothing
        ("78123456789012", ()),
        ("", ()),
        ("9" * 36, ()),
    ],
)
def test_guess(number: str, couriers: tuple[str, ...]) -> None:
    """The couriers whose format a number has, with the strongest evidence first."""
    assert guess(number) == couriers


@given(st.text(st.sampled_from("0123456789ABCJLMRSTZ- \n٣你"), max_size=60))
def test_any_text_has_an_answer(number: str) -> None:
    """Nothing raises, also for what no decoder would let through."""
    assert fits.__wrapped__("ups", number) in (True, False)
    assert isinstance(guess(number), tuple)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("start", ["", "420", "94", "92", "9", "3", "J", "L", "GM", "1LS7"])
def test_no_number_keeps_a_pattern_busy(start: str) -> None:
    """The longest numbers, almost right for every pattern, are answered at once.

    A pattern that backtracks without end would take minutes, and the test's time would be over.
    """
    almost = start + "9" * (34 - len(start)) + "_"
    assert [f.name for f in FORMATS if f.fits(almost)] == []
    assert not any(r"\s*" in f.pattern.pattern for f in FORMATS)
