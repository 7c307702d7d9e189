"""Names and codes of places: every spelling of a place is one code, what is unknown is None."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reference.places import normalise, official_name
from streams.reference.places.table import _rows, _stem

ROWS = _rows("gb2260.tsv")
TODAY = [(code, name) for code, name, note in ROWS if not note]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["内蒙古自治区", "内蒙古", "内蒙", " 内 蒙 古 "], "15"),
        (["广西壮族自治区", "广西", "广西省", "廣西"], "45"),
        (["宁夏回族自治区", "宁夏"], "64"),
        (["新疆维吾尔自治区", "新疆", "新疆生产建设兵团"], "65"),
        (["西藏自治区", "西藏"], "54"),
        (["北京市", "北京"], "11"),
        (["广东省", "广东", "廣東"], "44"),
        (["香港特别行政区", "香港"], "81"),
        (["澳门特别行政区", "澳门"], "82"),
        (["台湾省", "台湾", "臺灣"], "71"),
    ],
)
def test_spellings_of_a_province(names: list[str], code: str) -> None:
    """Short, official, old and traditional spellings of a province are its two digits."""
    assert {normalise(name, None, None)[0] for name in names} == {code}


@pytest.mark.parametrize(
    ("province", "names", "code"),
    [
        ("广东省", ["深圳市", "深圳", "广东省深圳市", "广东深圳", " 深圳 市"], "4403"),
        ("内蒙古", ["呼伦贝尔市", "呼伦贝尔", "呼伦贝尔盟"], "1507"),
        ("内蒙古", ["锡林郭勒盟", "锡林郭勒"], "1525"),
        ("内蒙古", ["通辽市", "哲里木盟"], "1505"),
        ("湖北省", ["襄阳市", "襄樊市", "襄阳地区"], "4206"),
        ("湖北", ["恩施土家族苗族自治州", "恩施州", "恩施", "恩施市"], "4228"),
        ("云南", ["普洱市", "思茅市", "思茅地区"], "5308"),
        ("四川", ["阿坝藏族羌族自治州", "阿坝州", "阿坝"], "5132"),
        ("新疆", ["伊犁哈萨克自治州", "伊犁州", "伊犁"], "6540"),
        ("新疆", ["巴音郭楞蒙古自治州", "巴音郭楞", "库尔勒市"], "6528"),
        ("青海", ["海南藏族自治州", "海南州", "海南"], "6325"),
        ("吉林省", ["吉林市", "吉林"], "2202"),
        ("湖北", ["仙桃市", "潜江市", "神农架林区", "省直辖县级行政区划"], "4290"),
        ("浙江省", ["金华市", "义乌市"], "3307"),
        ("山东", ["济南市", "莱芜市"], "3701"),
        ("上海市", ["上海市", "上海", "市辖区", "浦东新区"], "3101"),
        ("重庆", ["重庆市", "县", "渝中区"], "5001"),
        ("香港", ["香港", "中西区"], "8101"),
    ],
)
def test_spellings_of_a_city(province: str, names: list[str], code: str) -> None:
    """Short, official and former names of a city, and its county-level cities, are its code."""
    assert {name: normalise(province, name, None)[1] for name in names} == dict.fromkeys(
        names, code
    )


@pytest.mark.parametrize(
    ("region_code", "expected"),
    [
        ("440305", ("44", "4403")),
        ("440300", ("44", "4403")),
        ("440305001", ("44", "4403")),
        ("440305001002", ("44", "4403")),
        ("440000", ("44", None)),
        ("310115", ("31", "3101")),
        ("310000", ("31", "3101")),
        ("310230", ("31", "3101")),
        ("500230", ("50", "5001")),
        ("512301", ("50", "5001")),
        ("429004", ("42", "4290")),
        ("152301", ("15", "1505")),
        ("422601", ("42", "4203")),
        ("142501", ("14", None)),
        ("441001", ("46", "4601")),
        ("810101", ("81", "8101")),
        ("820000", ("82", "8201")),
        ("710000", ("71", None)),
        ("710200", ("71", None)),
        ("999999", (None, None)),
        ("4403", (None, None)),
        ("44030a", (None, None)),
        ("", (None, None)),
    ],
)
def test_region_codes(region_code: str, expected: tuple[str | None, str | None]) -> None:
    """Codes of today, codes abolished since, and codes that are none."""
    assert normalise(None, None, region_code) == expected


def test_a_code_rules_over_names() -> None:
    """A valid code decides; what it leaves open, or an invalid one, is left to the names."""
    assert normalise("浙江省", "杭州市", "440305") == ("44", "4403")
    assert normalise("浙江省", "深圳市", "440000") == ("44", "4403")
    assert normalise("浙江省", "杭州市", "999999") == ("33", "3301")
    assert normalise("台湾", "台北市", "710100") == ("71", "7101")


def test_what_is_unknown_is_none() -> None:
    """Names that the table does not hold are unknown, alike or not."""
    assert normalise("Guangdong", "Shenzhen", None) == (None, None)
    assert normalise("广东省", "某市", None) == ("44", None)
    assert normalise(None, None, None) == (None, None)
    assert normalise("", " ", "") == (None, None)


def test_a_city_alone_is_known_where_its_name_is_unique() -> None:
    """Without a province a city is found by name; the province is not made up from it."""
    assert normalise(None, "深圳市", None) == (None, "4403")
    assert normalise(None, "上海", None) == (None, "3101")
    assert normalise("北京", "朝阳", None) == ("11", "1101")
    assert normalise("辽宁", "朝阳", None) == ("21", "2113")


def test_each_city_is_found_by_name_and_by_code() -> None:
    """For every row of today: its official name and its code give the same place."""
    provinces = {c[:2]: name for c, name in TODAY if c.endswith("0000")}
    assert len(provinces) == 34
    checked = 0
    for code, name in TODAY:
        if code.endswith("0000") or code[:2] in ("81", "82", "83"):
            continue
        by_code = normalise(None, None, code)
        assert by_code[1] is not None
        assert normalise(provinces[code[:2]], name, None) == by_code, name
        checked += 1
    assert checked > 700


def test_every_abolished_code_has_an_answer() -> None:
    """Codes abolished since give their successor, or no city where there was no one successor."""
    unknown = {code for code, _, note in ROWS if note and normalise(None, None, code)[1] is None}
    assert unknown == {"142100", "142500", "442100", "442200"}


def test_every_alias_leads_to_a_place_of_today() -> None:
    """The hand-made files name only codes that exist."""
    codes = {code[:4] for code, _ in TODAY} | {code[:2] for code, _ in TODAY} | {"5001", "71"}
    for code, _ in _rows("aliases.tsv"):
        assert code in codes
    for _, code, _ in _rows("moved.tsv"):
        assert code in codes


def test_no_two_cities_of_a_province_share_a_stem() -> None:
    """Stripping a name's ending never makes two cities of one province the same."""
    stems = [
        (code[:2], _stem(name))
        for code, name in TODAY
        if code[4:] == "00" and not code.endswith("0000")
    ]
    assert len(stems) > 300
    assert len(stems) == len(set(stems))


@given(st.text(max_size=6), st.text(max_size=6), st.text("0123456789", max_size=12))
def test_any_text_has_an_answer(province: str, city: str, region_code: str) -> None:
    """No text raises, and codes have the form of codes."""
    first, second = normalise(province, city, region_code)
    assert first is None or (len(first) == 2 and first.isdigit())
    assert second is None or (len(second) == 4 and second.isdigit())


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("44", "广东省"),
        ("4403", "深圳市"),
        ("1101", "北京市"),
        ("71", "台湾省"),
        ("8101", "香港特别行政区"),
        ("15", "内蒙古自治区"),
        ("99", None),
    ],
)
def test_codes_have_official_names(code: str, name: str | None) -> None:
    """A province and a city by the name that GB/T 2260 gives them today."""
    assert official_name(code) == name


def test_every_code_that_a_place_can_have_has_a_name() -> None:
    """No province and no city that `normalise` gives is without one."""
    codes = {code for row, name in TODAY for code in normalise(None, None, row) if code}
    assert len(codes) > 300
    assert [code for code in sorted(codes) if official_name(code) is None] == []
