"""What a line's words say: its status, and whether its scan was made at a hub.

Fine codes win over words, and words over coarse codes: the tables of the sources say which is
which. Judging never reads words, so a source decides here.
"""

from __future__ import annotations

import re
from importlib.resources import files

from schemas.tracking_update import Status

_CHINESE = re.compile("[\u4e00-\u9fff]")

HUB_ZH = re.compile(
    "转运中心|中转中心|中转部|中转场|集散中心|分拨中心|分拣中心|处理中心|中转站?(?=[】\\]》)）]|$)"
)
"""Places that carriers call so. Whether every platform counts 中转场, 处理中心 and 分拣中心 is not
established; physically they are hubs."""

_AHEAD = re.compile(
    "(?:准备|即将|马上|正在?|将)(?:发往|送往|前往|到达|抵达|离开)|预计|下一站|目的地|(?:已)?(?:发往|送往|转往|前往)"
)
"""From here on a sentence speaks of where the parcel goes."""

_ANNOUNCED = re.compile(
    "(?:预计|即将|很快|马上|稍后|将于|将为您|将尽快|将进行|明[日天]|发往|送往|转往|前往|下一站|等待(?=[派投配]))[^,，。；;！!]*"
)
"""What a sentence only announces: when, or where to."""

_DONE = re.compile(
    "到达|抵达|离开|发出|发车|装车|装件|卸车|入车|下车|上车|称重|分拣|扫描|进站|出站|收入|到件|发件|建包|"
    "集包|拆包|封车|解封|入库|出库|已到|到(?=\\s*[【\\[《（(])|转运完成|交接|中转$"
)
_SENT = re.compile("(?<!准备)(?<!即将)(?<!马上)(?<!正)(?<!正在)(?<!将)(?:发往|转往|送往)")
_ELSEWHERE = re.compile("(?:到达?|抵达|离开)\\s*[【\\[《（(]([^】\\]》）)]+)")

HUB_EN = re.compile(
    r"distribution cent(?:er|re)|regional (?:facility|destination|origin)|sort|\bhub\b|facility",
    re.I,
)
_DONE_EN = re.compile(r"\b(?:arriv(?:ed|al)|depart(?:ed|ure)|left|processed|processing|scan)", re.I)
_MOVES_ZH = re.compile(
    "发往|离开|到达|抵达|发出|运输|在途|装车|卸车|发车|中转|转运|扫描|分拣|已收入|(?:公司|网点|部)】?\\s*已打包|航班|干线|起飞|途中"
)
_MOVES_EN = re.compile(
    r"in transit|arriv|depart|left|processed|on its way|en route|moving|forward|tendered|shipped"
    r"|(?:origin|destination) scan|on the way|hand(?:ed)? ?over",
    re.I,
)


def _table() -> dict[str, list[tuple[re.Pattern[str], Status]]]:
    rows = files(__package__).joinpath("words.tsv").read_text("utf-8").splitlines()[1:]
    table: dict[str, list[tuple[re.Pattern[str], Status]]] = {}
    for row in rows:
        language, status, words, _ = row.split("\t")
        pattern = re.compile(words, re.I)
        table.setdefault(language, []).append((pattern, status))  # type: ignore[arg-type]  # a test
    return table


TABLE = _table()


def at_hub(text: str, place: str = "") -> bool:
    """Whether a Chinese line's scan was made at a hub, and is done.

    `place` is where the source says that it was; where it is empty, the words name it. A hub that
    is only the next stop does not count, nor one that the parcel is about to leave.
    """
    head = _AHEAD.split(text, maxsplit=1)[0]
    named = _ELSEWHERE.search(head)
    acting = place if place and HUB_ZH.search(place) else named[1] if named else head
    if not HUB_ZH.search(acting):
        return False
    # The names of hubs hold verbs: 分拣中心.
    return _DONE.search(HUB_ZH.sub("", head)) is not None or _SENT.search(text) is not None


def is_hub(place: str) -> bool:
    """Whether a place's Chinese name is a hub's."""
    return HUB_ZH.search(place) is not None


def at_hub_en(text: str) -> bool:
    """Whether an English line says that the parcel arrived at, left or was processed at a hub."""
    return HUB_EN.search(text) is not None and _DONE_EN.search(text) is not None


def status_of(text: str, *, place: str = "") -> Status | None:
    """The status that a line's words say; None where they say none.

    A line is read in its own language, whoever passes it on: 17TRACK has Chinese carriers' words.
    """
    chinese = _CHINESE.search(text) is not None
    done = _ANNOUNCED.sub("", text) if chinese else text
    for pattern, status in TABLE["zh" if chinese else "en"]:
        if pattern.search(done):
            return status
    if chinese:
        if at_hub(text, place):
            return "hub"
        return "in_transit" if _MOVES_ZH.search(text) else None
    if at_hub_en(text):
        return "hub"
    return "in_transit" if _MOVES_EN.search(text) else None
