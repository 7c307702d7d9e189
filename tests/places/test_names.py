"""Names of places: every spelling of a place is one code, what is unknown is None."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.reference.places import find, official_name, province_name

PROVINCES = """
11 北京市 北京 BJ Beijing
12 天津市 天津 TJ Tianjin
13 河北省 河北 HE Hebei
14 山西省 山西 SX Shanxi
15 内蒙古自治区 內蒙古自治區 内蒙古 内蒙 內蒙古 NM Neimenggu Nei-Menggu Inner+Mongolia
21 辽宁省 遼寧省 辽宁 遼寧 LN Liaoning
22 吉林省 吉林 JL Jilin
23 黑龙江省 黑龍江省 黑龙江 HL Heilongjiang
31 上海市 上海 SH Shanghai
32 江苏省 江蘇省 江苏 江蘇 JS Jiangsu
33 浙江省 浙江 ZJ Zhejiang
34 安徽省 安徽 AH Anhui
35 福建省 福建 FJ Fujian
36 江西省 江西 JX Jiangxi
37 山东省 山東省 山东 山東 SD Shandong
41 河南省 河南 HA Henan
42 湖北省 湖北 HB Hubei
43 湖南省 湖南 HN Hunan
44 广东省 廣東省 广东 廣東 GD Guangdong
45 广西壮族自治区 廣西壯族自治區 广西自治区 广西 广西省 廣西 GX Guangxi Guangxi+Zhuang
46 海南省 海南 HI Hainan
50 重庆市 重慶市 重庆 重慶 CQ Chongqing
51 四川省 四川 SC Sichuan
52 贵州省 貴州省 贵州 貴州 GZ Guizhou
53 云南省 雲南省 云南 雲南 YN Yunnan
54 西藏自治区 西藏自治區 西藏 XZ Xizang Tibet
61 陕西省 陝西省 陕西 陝西 SN Shaanxi Shǎnxī
62 甘肃省 甘肅省 甘肃 甘肅 GS Gansu
63 青海省 青海 QH Qinghai
64 宁夏回族自治区 寧夏回族自治區 宁夏自治区 宁夏 寧夏 NX Ningxia Ningxia+Hui
65 新疆维吾尔自治区 新疆維吾爾自治區 新疆自治区 新疆 新疆生产建设兵团 XJ Xinjiang Xinjiang+Uygur
71 台湾省 臺灣省 台湾 臺灣 台灣 台湾地区 TW Taiwan
81 香港特别行政区 香港特別行政區 香港 HK Xianggang Hong+Kong Hongkong
82 澳门特别行政区 澳門特別行政區 澳门 澳門 MO Aomen Macau Macao
"""
ROWS = [(line.split()[0], line.split()[1:]) for line in PROVINCES.strip().splitlines()]


def written(name: str) -> list[str]:
    """A name as people write it: with blanks, in capitals, letters after CN-, with its kind."""
    name = name.replace("+", " ")
    forms = [name, name.upper(), name.lower(), f"  {name}\u200b ", f"\ufeff{name[0]} {name[1:]}"]
    if len(name) == 2 and name.isascii():
        return [*forms, f"CN-{name}", f"cn-{name.lower()}", f"CN{name}"]
    if name.isascii():
        return [*forms, f"{name} Sheng", f"{name} PROVINCE", f"{name} Autonomous Region"]
    return forms


@pytest.mark.parametrize(("code", "names"), ROWS, ids=[code for code, _ in ROWS])
def test_each_province(code: str, names: list[str]) -> None:
    """Official, short, traditional, in letters, in ISO's letters: one province."""
    forms = [form for name in names for form in written(name)]
    assert {form: find(None, None, form, None)[0] for form in forms} == dict.fromkeys(forms, code)
    assert len(ROWS) == 34


@pytest.mark.parametrize(
    ("province", "names", "code"),
    [
        ("广东省", ["深圳市", "深圳", "广东省深圳市", "广东深圳", " 深圳 市"], "4403"),
        (
            "广东省",
            ["Shenzhen", "SHENZHEN SHI", "Shen zhen City", "Shēnzhèn", "廣東省深圳市"],
            "4403",
        ),
        ("广东省", ["广州", "廣州市", "广东省广州市天河区", "广州市天河区", "Guangzhou"], "4401"),
        ("内蒙古", ["呼伦贝尔市", "呼伦贝尔", "呼伦贝尔盟", "Hulunbuir", "Hulun Buir"], "1507"),
        ("内蒙古", ["锡林郭勒盟", "锡林郭勒", "錫林郭勒盟", "Xilingol League"], "1525"),
        ("内蒙古", ["通辽市", "哲里木盟", "通遼"], "1505"),
        ("内蒙古", ["呼和浩特", "Hohhot", "Huhehaote"], "1501"),
        (
            "湖北省",
            ["襄阳市", "襄樊市", "襄阳地区", "襄樊", "襄陽市", "Xiangyang", "Xiangfan"],
            "4206",
        ),
        ("湖北", ["恩施土家族苗族自治州", "恩施州", "恩施", "恩施市", "Enshi Prefecture"], "4228"),
        ("湖北", ["荆州市", "荆沙市", "沙市市", "荊州"], "4210"),
        ("云南", ["普洱市", "思茅市", "思茅地区", "Pu'er", "Puer"], "5308"),
        ("云南", ["西双版纳傣族自治州", "西双版纳", "西雙版納州", "Xishuangbanna"], "5328"),
        ("四川", ["阿坝藏族羌族自治州", "阿坝州", "阿坝", "Ngawa"], "5132"),
        ("四川", ["成都市", "成都", "简阳市", "温江地区"], "5101"),
        ("新疆", ["伊犁哈萨克自治州", "伊犁州", "伊犁", "Ili"], "6540"),
        ("新疆", ["巴音郭楞蒙古自治州", "巴音郭楞", "库尔勒市", "Bayingolin"], "6528"),
        ("新疆", ["乌鲁木齐市", "烏魯木齊", "Ürümqi", "URUMQI", "Wulumuqi"], "6501"),
        ("新疆", ["喀什地区", "喀什", "Kashgar", "Kashi Prefecture"], "6531"),
        ("西藏", ["拉萨", "拉薩市", "Lhasa"], "5401"),
        ("青海", ["海南藏族自治州", "海南州", "海南"], "6325"),
        ("吉林省", ["吉林市", "吉林", "Jilin", "吉林市船营区", "吉林省吉林市"], "2202"),
        ("黑龙江", ["哈尔滨", "哈爾濱市", "Harbin", "Ha'erbin", "松花江地区"], "2301"),
        ("黑龙江", ["齐齐哈尔", "齊齊哈爾市", "Qiqihar", "嫩江地区"], "2302"),
        ("黑龙江", ["黑河市", "嫩江市"], "2311"),
        ("湖北", ["仙桃市", "潜江市", "神农架林区", "神农架", "省直辖县级行政区划"], "4290"),
        ("海南", ["文昌市", "陵水黎族自治县", "陵水县", "省直辖县级行政区划", "通什市"], "4690"),
        ("新疆", ["石河子市", "自治区直辖县级行政区划"], "6590"),
        ("河南", ["济源市", "濟源", "省直辖县级行政区划"], "4190"),
        ("浙江省", ["金华市", "义乌市", "義烏", "Yiwu"], "3307"),
        ("浙江省", ["台州", "臺州市", "Taizhou"], "3310"),
        ("江苏", ["泰州", "Taizhou", "泰州市姜堰区"], "3212"),
        ("江苏", ["苏州", "蘇州市", "Suzhou", "Suzhou City", "昆山", "Kunshan"], "3205"),
        ("安徽", ["宿州市", "宿县地区", "Suzhou", "Suzhou Shi"], "3413"),
        ("安徽", ["六安", "Lu'an", "Luan", "Liuan"], "3415"),
        ("安徽", ["合肥市", "巢湖市", "巢湖地区", "巢湖"], "3401"),
        ("辽宁", ["沈阳市", "瀋陽", "Shenyang"], "2101"),
        ("辽宁", ["朝阳", "Chaoyang"], "2113"),
        ("山东", ["济南市", "莱芜市", "濟南", "Jinan", "Ji'nan", "萊蕪"], "3701"),
        ("陕西", ["西安", "Xi'an", "Xian", "xi’an", "XI AN"], "6101"),
        ("山西", ["吕梁", "Lüliang", "Lvliang", "Luliang", "呂梁市"], "1411"),
        ("山西", ["长治", "長治市", "Changzhi"], "1404"),
        ("河北", ["保定", "雄安新区", "Xiong'an"], "1306"),
        ("上海市", ["上海市", "上海", "市辖区", "浦东新区", "Pudong", "上海 上海市"], "3101"),
        ("北京", ["北京", "北京市", "北京 北京市", "朝阳", "朝阳区"], "1101"),
        ("重庆", ["重庆市", "县", "渝中区", "忠县", "重慶"], "5001"),
        ("香港", ["香港", "中西区", "Kowloon"], "8101"),
        ("台湾", ["台北市", "臺北", "Taipei"], "7101"),
    ],
)
def test_spellings_of_a_city(province: str, names: list[str], code: str) -> None:
    """Every spelling of a city, and its county-level cities, are its code."""
    found = {name: find(None, None, province, name)[1] for name in names}
    assert found == dict.fromkeys(names, code)


@pytest.mark.parametrize(
    ("province", "city", "expected"),
    [
        ("广东省广州市", "广州市", ("44", "4401")),
        ("广东省广州市", None, ("44", "4401")),
        ("广东省深圳市南山区", "", ("44", "4403")),
        ("广东广州", None, ("44", "4401")),
        ("Guangdong Shenzhen", None, ("44", "4403")),
        ("广东省某处", None, ("44", None)),
        ("广东省", "广东省", ("44", None)),
        ("北京市朝阳区", None, ("11", "1101")),
        ("海南藏族自治州", None, (None, None)),
        ("河北区", None, (None, None)),
    ],
)
def test_two_names_in_one_field(
    province: str, city: str | None, expected: tuple[str | None, str | None]
) -> None:
    """Province, city and district behind each other; a name that only begins alike is another."""
    assert find(None, None, province, city) == expected


@pytest.mark.parametrize(
    ("city", "expected"),
    [
        ("深圳市", ("44", "4403")),
        ("Shenzhen", ("44", "4403")),
        ("广东省深圳市", ("44", "4403")),
        ("深圳市南山区", ("44", "4403")),
        ("上海", ("31", "3101")),
        ("义乌市", ("33", "3307")),
        ("莱芜市", ("37", "3701")),
        ("Sūzhōu", ("32", "3205")),
        ("Huizhou", ("44", "4413")),
        # Two cities, or a city and a province, are called so.
        ("Suzhou", (None, None)),
        ("Taizhou City", (None, None)),
        ("海南", (None, None)),
        # No city is.
        ("鼓楼区", (None, None)),
        ("桐庐县", (None, None)),
        ("广东省", (None, None)),
        ("省直辖县级行政区划", (None, None)),
    ],
)
def test_a_known_city_gives_its_province(
    city: str, expected: tuple[str | None, str | None]
) -> None:
    """Where one city of China is called so, and no province or one that nobody knows."""
    assert find(None, None, None, city) == expected
    assert find(None, None, "某地", city) == expected


def test_a_district_or_a_county_is_no_city() -> None:
    """Also where one city alone has it: what is unknown is never different."""
    assert find(None, None, "江苏省", "鼓楼区") == ("32", None)
    assert find(None, None, "浙江省", "西湖区") == ("33", None)
    assert find(None, None, "浙江省", "桐庐县") == ("33", None)
    assert find(None, None, "广东省", "省直辖县级行政区划") == ("44", None)


def test_names_that_contradict_each_other() -> None:
    """Province and city are taken one by one, and only an official city name goes against it."""
    assert find(None, None, "广东省", "杭州市") == ("44", "3301")
    assert find(None, None, "广东省", "杭州") == ("44", None)
    assert find(None, None, "广东省", "Hangzhou") == ("44", None)
    assert find(None, None, "北京市", "廊坊市") == ("11", "1310")


@pytest.mark.parametrize(
    ("city", "expected"),
    [
        (None, ("14", None)),
        ("Taiyuan", ("14", "1401")),
        ("太原市", ("14", "1401")),
        ("Xi'an", ("61", "6101")),
        ("西安市", ("61", "6101")),
        ("某市", ("14", None)),
    ],
)
def test_shanxi_is_two_provinces(city: str | None, expected: tuple[str | None, str | None]) -> None:
    """Without tones 陕西 is often written as 山西 is; a city that only one has tells."""
    assert find(None, None, "Shanxi", city) == expected


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        (None, ("44", "4403")),
        ("", ("44", "4403")),
        ("CN", ("44", "4403")),
        (" cn", ("44", "4403")),
        ("HK", ("81", None)),
        ("MO", ("82", None)),
        ("TW", ("71", None)),
        ("tw", ("71", None)),
        ("US", (None, None)),
    ],
)
def test_a_region_code_counts_in_china_alone(
    country: str | None, expected: tuple[str | None, str | None]
) -> None:
    """Hong Kong, Macau, Taiwan as countries are provinces; elsewhere nothing is known."""
    assert find(country, "440305", "广东省", "深圳市") == expected
    assert find(country, None, "广东省", "深圳市") == expected


def test_what_is_unknown_is_none() -> None:
    """Names that the table does not hold are unknown, alike or not."""
    assert find(None, None, "California", "Los Angeles") == (None, None)
    assert find(None, None, "广东省", "某市") == ("44", None)
    assert find(None, None, None, None) == (None, None)
    assert find("", "", "", " ") == (None, None)


@given(st.text(max_size=3), st.text("0123456789", max_size=12), st.text(max_size=6), st.text())
def test_any_text_has_an_answer(country: str, region_code: str, province: str, city: str) -> None:
    """No text raises, and codes have the form of codes."""
    for where in (country, None):
        first, second = find(where, region_code, province, city)
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
        ("4290", "省直辖县级行政区划"),
        ("99", None),
    ],
)
def test_codes_have_official_names(code: str, name: str | None) -> None:
    """A province and a city by the name that GB/T 2260 gives them today."""
    assert official_name(code) == name


@pytest.mark.parametrize(("code", "name"), [("65", "新疆"), (15, "内蒙古"), ("99", "99")])
def test_provinces_have_short_names(code: str | int, name: str) -> None:
    """The short name of a province; of an unknown code the code."""
    assert province_name(code) == name
