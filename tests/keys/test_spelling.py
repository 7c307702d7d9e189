"""What is one recipient gets one spelling, and what is another gets another."""

from __future__ import annotations

import pytest

from streams.keys import spelling
from streams.keys.spelling import cleaned, is_lent, person, phone_number


def address(*parts: str) -> str | None:
    """The spelling of an address of parts as they are written."""
    return spelling.address(*(cleaned(part) for part in parts))


HOME = address("广东省", "深圳市", "南山区", "", "科技路1号3栋502室")


@pytest.mark.parametrize(
    "spelt",
    [
        ("广东", "深圳", "南山", "", "科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "440305", "科技路1号3栋502室"),
        ("", "", "南山区", "440300", "科技路1号3栋502室"),
        ("广东省", "深圳市", "", "", "南山区科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "", "南山区科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "", "广东省深圳市南山区科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "", "广东深圳南山区科技路1号3栋502室"),
        ("广东", "", "", "", "深圳市南山区科技路1号3栋502室"),
        ("", "", "", "", "中国广东省深圳市南山区科技路1号3栋502室"),
        ("", "深圳市", "南山区", "", "科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "", " 科技路１号　３栋 ５０２室。"),
        ("广东省", "深圳市", "南山区", "", "科技路1#3幢(502)"),
        ("广东省", "深圳市", "南山区", "", "科技路1号,3栋-502室\u200b"),
    ],
)
def test_an_address_has_one_spelling(spelt: tuple[str, str, str, str, str]) -> None:
    """Place names, where they stand, width, blanks, punctuation, signs for number and building."""
    assert address(*spelt) == HOME


@pytest.mark.parametrize(
    "other",
    [
        ("广东省", "深圳市", "福田区", "", "科技路1号3栋502室"),
        ("广东省", "广州市", "南山区", "", "科技路1号3栋502室"),
        ("广东省", "深圳市", "南山区", "", "科技路1号3栋503室"),
        ("广东省", "深圳市", "南山区", "", "科技路13栋502室"),
        ("广东省", "深圳市", "南山区", "", "科技路1号3栋5楼"),
        ("广东省", "深圳市", "南山区", "", "科技路1-3-502"),
        ("广东省", "深圳市", "南山区", "", "科技路1号35栋02室"),
    ],
)
def test_another_address_has_another(other: tuple[str, str, str, str, str]) -> None:
    """No figure is lost or joined to its neighbour."""
    assert address(*other) not in (None, HOME)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (
            ("北京市", "北京市", "朝阳区", "", "建国路8号"),
            ("北京", "市辖区", "", "", "北京市朝阳区建国路8号"),
        ),
        (
            ("浙江省", "义乌市", "", "", "稠城街道1号"),
            ("浙江", "金华市", "义乌市", "", "稠城街道1号"),
        ),
        (
            ("湖北省", "仙桃市", "", "", "沔阳大道1号"),
            ("湖北省", "省直辖县级行政区划", "仙桃市", "", "沔阳大道1号"),
        ),
        (
            ("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "", "解放路3号"),
            ("新疆", "乌鲁木齐", "", "", "新疆维吾尔自治区乌鲁木齐市天山区解放路3号"),
        ),
        (
            ("California", "Los Angeles", "", "", "12 Main Street, Apt. 5"),
            ("california", "LOS ANGELES", "", "", "12 MAIN STREET APT 5"),
        ),
    ],
)
def test_places_of_other_kinds(
    one: tuple[str, str, str, str, str], two: tuple[str, str, str, str, str]
) -> None:
    """Municipalities, county-level cities, counties under their province, autonomous regions."""
    assert address(*one) == address(*two) is not None


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("湖北省", "仙桃市", "", "", "人民路1号"), ("湖北省", "潜江市", "", "", "人民路1号")),
        (("广东", "深圳", "", "", "深圳路1号"), ("广东", "深圳", "", "", "路1号")),
        (("广东", "深圳", "", "", "南山路12号楼"), ("广东", "深圳", "", "", "南山路12楼")),
        (("广东", "深圳", "", "", "南山路5 #楼"), ("广东", "深圳", "", "", "南山路5楼")),
        (("北京", "北京", "朝阳区", "", "1号"), ("北京", "北京", "海淀区", "", "1号")),
    ],
)
def test_no_more_is_taken_away_than_is_safe(
    one: tuple[str, str, str, str, str], two: tuple[str, str, str, str, str]
) -> None:
    """A street may be called like its city, a building's number is no floor."""
    assert None is not address(*one) != address(*two) is not None


@pytest.mark.parametrize(
    "spelt",
    [("广东", "深圳", "南山", "", ""), ("", "", "", "", "科技路1号"), ("广东", "", "", "", "-")],
)
def test_half_an_address_is_none(spelt: tuple[str, str, str, str, str]) -> None:
    """A street without a city, or a city without a street, would be equal for many."""
    assert address(*spelt) is None


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("13800138000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("0086-13800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("13800138000.0", "13800138000"),
        ('="13800138000"', "13800138000"),
        ("'13800138000\t", "13800138000"),
        ("13800138000/13900139000", "13800138000"),
        ("0755-12345678", "075512345678"),
        ("+86 755 12345678", "075512345678"),
        ("+1 (415) 555-2671", "14155552671"),
        ("1.38E+10", None),
        ("12345", None),
        ("call me", None),
        ("13800138000 13900139000", None),
    ],
)
def test_phone_numbers(written: str, digits: str | None) -> None:
    """Digits, without the country where it is China."""
    assert phone_number(cleaned(written)) == digits


@pytest.mark.parametrize(
    ("written", "lent"),
    [
        ("18412345678-1234", True),
        ("+86 18412345678转123", True),
        ("18412345678,1234", True),
        ("138-0013-8000", False),
        ("0755-12345678-801", False),
        ("13800138000/13900139000", False),
    ],
)
def test_privacy_numbers(written: str, lent: bool) -> None:
    """A mobile number with an extension is one; an office's number is none."""
    assert is_lent(written) is lent


def test_a_person_is_name_and_number() -> None:
    """A name's blanks, dots and case do not count; without a name there is no person."""
    one = person("阿卜杜拉·艾合买提", "13800138000")
    assert one == person(" 阿卜杜拉 艾合买提", "13800138000")
    assert one != person("阿卜杜拉·艾合买提", "13800138001")
    assert person("John SMITH", "1") == person("john smith", "1")
    assert person(cleaned(" - "), "13800138000") is None
