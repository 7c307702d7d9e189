"""The made-up world of the demo's history: shops, carriers, places, and what carriers write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """A city as messages name it; `code` is its GB/T 2260 code."""

    province: str
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop: its marketplace, where it ships from, and whom it mostly ships with."""

    id: str
    platform: str
    home: City
    carriers: tuple[str, ...]
    products: tuple[str, ...]


HANGZHOU = City("浙江省", "杭州市", "330100")
GUANGZHOU = City("广东省", "广州市", "440100")
SUZHOU = City("江苏省", "苏州市", "320500")

SHOPS = (
    Shop(
        "xihu-tea", "douyin", HANGZHOU, ("zto", "yto", "jtexpress"), ("longjing-250g", "gift-box")
    ),
    Shop("yuexiu-shoes", "douyin", GUANGZHOU, ("yunda", "sto", "sf"), ("runner-42", "sandal-39")),
    Shop("gusu-toys", "tmall", SUZHOU, ("sf", "jd", "zto"), ("blocks-500", "kite", "puzzle-1000")),
)

CITIES = (
    City("北京市", "北京市", "110100"),
    City("天津市", "天津市", "120100"),
    City("河北省", "石家庄市", "130100"),
    City("辽宁省", "沈阳市", "210100"),
    City("黑龙江省", "哈尔滨市", "230100"),
    City("上海市", "上海市", "310100"),
    City("江苏省", "南京市", "320100"),
    City("浙江省", "宁波市", "330200"),
    City("安徽省", "合肥市", "340100"),
    City("福建省", "厦门市", "350200"),
    City("山东省", "青岛市", "370200"),
    City("河南省", "郑州市", "410100"),
    City("湖北省", "武汉市", "420100"),
    City("湖南省", "长沙市", "430100"),
    City("广东省", "深圳市", "440300"),
    City("广西壮族自治区", "南宁市", "450100"),
    City("重庆市", "重庆市", "500100"),
    City("四川省", "成都市", "510100"),
    City("云南省", "昆明市", "530100"),
    City("陕西省", "西安市", "610100"),
)

NEAR = {
    HANGZHOU: City("江苏省", "南京市", "320100"),
    GUANGZHOU: City("广东省", "深圳市", "440300"),
    SUZHOU: City("浙江省", "宁波市", "330200"),
}
"""Where a shop's parcels go that stay in the neighbourhood."""

FAR = City("四川省", "成都市", "510100")
REMOTE = City("新疆维吾尔自治区", "乌鲁木齐市", "650100")

LINE_HUBS = (
    City("湖北省", "武汉市", "420100"),
    City("河南省", "郑州市", "410100"),
    City("江西省", "南昌市", "360100"),
)

NUMBER_FORMS = {
    "zto": ("78", 12),
    "yto": ("YT", 13),
    "yunda": ("43", 13),
    "sto": ("77", 13),
    "sf": ("SF", 13),
    "jd": ("JDVB", 11),
    "jtexpress": ("JT", 13),
}
"""Carrier → what its numbers begin with, and how many digits follow."""

WITHOUT_KEYS = frozenset(("yunda", "jd", "jtexpress"))
"""Carriers whose feed gives its records no key: the worker finds their partitions itself."""

WORDS = {
    "picked_up": "【{city}】{site}已揽收",
    "hub": "【{city}】已到达{site}",
    "in_transit": "【{city}】已离开{site}，运输中",
    "arrived_dest_city": "【{city}】快件已到达{site}",
    "out_for_delivery": "【{city}】派件员正在派送",
    "ready_for_pickup": "【{city}】已放入驿站，请凭取件码取件",
    "delivered": "【{city}】已签收",
    "cancelled": "【{city}】快件已取消",
    "returning": "【{city}】快件退回中",
}
"""What a carrier writes beside a checkpoint of each status."""

SITES = {
    "picked_up": "{name}营业点",
    "hub": "{name}转运中心",
    "in_transit": "{name}转运中心",
    "arrived_dest_city": "{name}分拨点",
}
