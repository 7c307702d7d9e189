"""What the values of labels are called. English keeps the codes: the manual and the warnings use
them. A value without a name (a rule of your own, another platform) is shown as it is."""

from __future__ import annotations

import tomllib
from itertools import product
from pathlib import Path

import yaml

from grafana.model import Names, Text
from streams.rules import registry as rules
from streams.texts.wording import Wording

_ROOT = Path(__file__).parent.parent
_EVIDENCE = _ROOT / "streams" / "texts" / "words.toml"
_ALERTS = _ROOT / "prometheus" / "rules"


def _codes(**chinese: str) -> Names:
    return {code: Text(code, name) for code, name in chinese.items()}


def _of_evidence(section: str) -> Names:
    """The words that evidence pages use, so that both call a thing the same."""
    words = tomllib.loads(_EVIDENCE.read_text(encoding="utf-8"))[section]
    return {code: Text(code, word["zh"]) for code, word in words.items()}


def _rules() -> Names:
    """Each rule by its title, as its warnings' evidence calls it."""
    zh = Wording(("zh",))
    return {rule: Text(rule, zh.title(rule)) for rule in rules.RULES}


def _alerts() -> Names:
    """In Chinese an alert is called as its summary says; in English by its name."""
    rules = [
        rule
        for path in sorted(_ALERTS.glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    return {
        rule["alert"]: Text(rule["alert"], rule["annotations"]["summary_zh"])
        for rule in rules
        if "alert" in rule
    }


def pairs(first: Names, second: Names) -> Names:
    """The names of two labels beside each other, as `{{first}} · {{second}}`."""
    return {
        f"{a} · {b}": Text(f"{one.en} · {two.en}", f"{one.zh} · {two.zh}")
        for (a, one), (b, two) in product(first.items(), second.items())
    }


RULES = _rules()
STATES = _of_evidence("states")
STAGES = _codes(violation="违规", serious="严重", notice="提示")
PLATFORMS = _codes(
    douyin="抖音",
    tmall="天猫",
    taobao="淘宝",
    brief="2023 版规则",
    generic="通用规则",
    **{
        "tiktok-us": "TikTok Shop 美国",
        "douyin-instant": "抖音即时零售",
        "tmall-global-bonded": "天猫国际保税",
        "tmall-global-direct": "天猫国际直邮",
    },
)
SHOPS = _codes(other="其他店铺")
CARRIERS = _codes(
    zto="中通",
    yto="圆通",
    sto="申通",
    yunda="韵达",
    jtexpress="极兔",
    sf="顺丰",
    jd="京东",
    ems="EMS",
    ups="UPS",
    other="其他承运商",
)
LINES = _codes(
    track_abnormal="轨迹异常",
    late_one_day="单日延迟发货",
    late_few="少量订单延迟发货",
    late_two_days="连续两日延迟发货",
    out_of_stock="缺货",
    valid_tracking="有效轨迹率",
)
OUTCOMES = _codes(
    new="新记录",
    repeated="重复",
    late="过期",
    dead_letter="死信",
    sent_home="转回所属分区",
)
INGEST_OUTCOMES = _codes(
    taken="已接收",
    dead_letter="死信",
    failed="Kafka 未接收",
    late="超时",
    busy="过载",
    limited="超出频率",
    forged="签名错误",
    unsigned="未签名",
    address="来源地址不符",
    too_large="过大",
    broken="请求不完整",
    no_feed="无此数据源",
)
INGEST_ASK_OUTCOMES = _codes(
    answered="已应答",
    unanswered="无应答",
    failed="平台错误",
    throttled="被限流",
    denied="无权限",
    not_found="无此订单",
    refused="被拒绝",
    unreadable="无法解析",
    given_up="已放弃",
)
DESK_OUTCOMES = _codes(written="已写入", unreadable="无法解析", lost="已丢失")
SIGN_INS = _codes(accepted="成功", refused="密码错误", throttled="被限流")
DATABASE_ERRORS = _codes(
    connection="连接失败", full="磁盘已满", busy="锁等待超时", pool="连接用尽", other="其他"
)
TABLES = _codes(orders="订单", parcels="包裹", tracks="轨迹", meters="店铺日计数", stock="商品库存")
SEVERITIES = _codes(critical="严重", warning="警告", info="提示")
ALERTS = _alerts()
STATE_COLOURS = {"open": "orange", "breached": "red", "resolved": "green", "withdrawn": "text"}
OUTCOME_COLOURS = {
    "new": "green",
    "repeated": "blue",
    "late": "orange",
    "dead_letter": "red",
    "sent_home": "purple",
}
