"""Region codes: those of every edition of GB/T 2260 are the city of today."""

from __future__ import annotations

import pytest

from streams.reference.places import find


@pytest.mark.parametrize(
    ("region_code", "expected"),
    [
        ("440305", ("44", "4403")),
        ("440300", ("44", "4403")),
        ("４４０３０５", ("44", "4403")),
        (" 440305\t", ("44", "4403")),
        ("440305001", ("44", "4403")),
        ("440305001002", ("44", "4403")),
        ("440371", ("44", "4403")),
        ("440000", ("44", None)),
        ("310115", ("31", "3101")),
        ("310100", ("31", "3101")),
        ("310230", ("31", "3101")),
        ("310000", ("31", None)),
        ("500230", ("50", "5001")),
        ("429004", ("42", "4290")),
        ("441900", ("44", "4419")),
        ("441900003", ("44", "4419")),
        ("460400", ("46", "4604")),
        ("810000", ("81", None)),
        ("810101", ("81", "8101")),
        ("820000", ("82", None)),
        ("710000", ("71", None)),
        ("710200", ("71", None)),
        ("830200", ("71", None)),
        ("660000", ("65", None)),
        ("133122", ("13", "1306")),
        ("999999", (None, None)),
        ("990000", (None, None)),
        ("4403", (None, None)),
        ("44030", (None, None)),
        ("4403050", (None, None)),
        ("44030a", (None, None)),
        ("", (None, None)),
    ],
)
def test_forms_of_a_code(region_code: str, expected: tuple[str | None, str | None]) -> None:
    """Six, nine or twelve digits of a place that is or was; anything else is none."""
    assert find(None, region_code, None, None) == expected


@pytest.mark.parametrize(
    ("codes", "city"),
    [
        ("512424 511027 511082 513902 512081 510185", "5101"),  # 简阳, to Chengdu 2016
        ("511081 513901 512002", "5120"),  # 资阳
        ("341400 341402 342601 342624 340181", "3401"),  # 巢湖, to Hefei 2011
        ("341421 342622 340124", "3401"),  # 庐江
        ("341422 342623 340225 340281", "3402"),  # 无为, to Wuhu
        ("341423 341424 342625 342626 340522", "3405"),  # 含山、和县, to Ma'anshan
        ("372622 370919 379004 370981 371200 371202 371203 370116", "3701"),  # 莱芜, 2018
        ("342422 341521 340422", "3404"),  # 寿县, to Huainan 2015
        ("342823 340823 340722", "3407"),  # 枞阳, to Tongling 2015
        ("220381 220319 229001 220184", "2201"),  # 公主岭, to Changchun 2020
        ("420600 420601 420602", "4206"),  # 襄樊 is 襄阳
        ("420703", "4207"),  # was 黄州 1984 to 1987: the later use counts
        ("510200 510221 512201 512223 512301 512322 517021", "5001"),  # of Sichuan until 1997
        ("511421", "5114"),  # was 垫江, to Chongqing: the later use, 仁寿, counts
        ("441000 441001 442101", "4601"),  # 海口、琼山, of Guangdong until 1988
        ("441100 442201", "4602"),  # 三亚
        ("522400 522401 520502", "5205"),  # 毕节
        ("522200 522201 520602", "5206"),  # 铜仁
        ("542100 542121 540302", "5403"),  # 昌都
        ("542600 542621 540402", "5404"),  # 林芝
        ("542200 542221 540502", "5405"),  # 山南
        ("542300 542301 540202", "5402"),  # 日喀则
        ("542400 542421 540602", "5406"),  # 那曲
        ("652200 652201 650502", "6505"),  # 哈密
        ("652100 652101 650402", "6504"),  # 吐鲁番
        ("632100 632121 630203", "6302"),  # 海东
        ("632124 630122", "6301"),  # 湟中, of Haidong until 1999
        ("460300 469031 460037", "4603"),  # 三沙
        ("469003 460003 460400", "4604"),  # 儋州
        ("142121 142130", "1402"),  # of 雁北, to Datong
        ("142128 142126", "1406"),  # of 雁北, to Shuozhou
        ("152301", "1505"),
        ("422601", "4203"),
        ("659001 650300", "6590"),  # 石河子
        ("379015", "3702"),  # 莱西 in the ministry's lists of 1990 to 1994
        ("411219 412502 411281", "4112"),  # 义马, whose code 419001 is 济源's since
    ],
)
def test_a_county_is_where_it_belongs_today(codes: str, city: str) -> None:
    """Whichever edition's code it is."""
    found = {code: find(None, code, None, None)[1] for code in codes.split()}
    assert found == dict.fromkeys(codes.split(), city)


@pytest.mark.parametrize(
    ("code", "province"),
    [
        ("142100", "14"),  # 雁北
        ("142500", "14"),  # 晋东南
        ("442100", "46"),  # 海南行政区
        ("442200", "46"),
        ("542135", "54"),  # 碧土
        ("379017", "37"),  # three cities at once in one list
    ],
)
def test_what_was_divided_is_no_city(code: str, province: str) -> None:
    """Its province is known, its city only by a name."""
    assert find(None, code, None, None) == (province, None)
    assert find(None, code, "某省", None) == (province, None)


def test_a_code_rules_over_names() -> None:
    """A valid code decides; what it leaves open, or an invalid one, is left to the names."""
    assert find(None, "440305", "浙江省", "杭州市") == ("44", "4403")
    assert find(None, "440000", "浙江省", "深圳市") == ("44", "4403")
    assert find(None, "440000", "浙江省", "杭州") == ("44", None)
    assert find(None, "142100", None, "大同") == ("14", "1402")
    assert find(None, "310000", "上海市", "浦东新区") == ("31", "3101")
    assert find(None, "999999", "浙江省", "杭州市") == ("33", "3301")
    assert find(None, "710100", "台湾", "台北市") == ("71", "7101")
