"""*Shipment risk*: what is about to breach, what it may cost, whether the data can be trusted."""

from __future__ import annotations

from grafana.model import (
    NO_DATA,
    Bars,
    Board,
    Code,
    Column,
    Graph,
    Link,
    Panel,
    Query,
    Row,
    Stat,
    Step,
    Table,
    Text,
    Variable,
)
from grafana.promql import grown, or_zero, share
from grafana.words import (
    CARRIERS,
    LINES,
    PLATFORMS,
    RULES,
    SHOPS,
    STAGES,
    STATE_COLOURS,
    STATES,
    pairs,
)

SHOPS_PANEL = 13

CHOSEN = "${platform:queryparam}&${shop:queryparam}"
"""The shops that are chosen, as a worker's page of warnings takes them."""

S = 'platform=~"$platform",shop=~"$shop"'
"""The shops that are chosen."""

GOOD = Step(None, "green")
ANY_IS_RED = (GOOD, Step(1, "red"))
ANY_IS_ORANGE = (GOOD, Step(1, "orange"))


def _due(hours: int) -> str:
    return or_zero(f'sum(shipsentry_warnings_due{{{S},within_hours="{hours}"}})')


def _money(bound: str, by: str = "currency", state: str = "") -> str:
    """What warnings may cost, in the major unit of each currency."""
    which = f',state="{state}"' if state else ""
    return (
        f'sum by ({by}) (shipsentry_exposure_minor_units{{{S},bound="{bound}"{which}}}) '
        "/ on (currency) group_left () max by (currency) (shipsentry_currency_minor_units)"
    )


def _standing(state: str, by: str) -> str:
    return f'sum by ({by}) (shipsentry_open_warnings{{{S},state="{state}"}})'


def _check(code: int, name: str, bad: str) -> str:
    """`code` where `bad` is 1, else 0, under a label of its own so that `or` keeps each."""
    return f'label_replace({code} * ({bad}), "check", "{name}", "", "")'


TRUST = (
    Code(0, Text("OK", "可信"), "green"),
    Code(1, Text("a carrier's feed is silent", "有承运商物流轨迹中断"), "yellow"),
    Code(2, Text("behind: numbers are old", "处理滞后，数据偏旧"), "orange"),
    Code(3, Text("counting: numbers are too low", "统计中，数字偏低"), "orange"),
    Code(4, Text("deadlines are catching up", "积压追平中，时限尚未判定"), "orange"),
    Code(5, Text("a worker is not ready", "有工作进程未就绪"), "red"),
    Code(6, Text("a worker is down", "有工作进程宕机"), "red"),
)
"""What may be wrong, the worst last."""

TRUSTED = (
    "max("
    + " or ".join(
        [
            _check(6, "down", 'max(up{job="shipsentry"} == bool 0)'),
            _check(5, "not_ready", "max(shipsentry_ready == bool 0)"),
            _check(4, "held", 'sum(shipsentry_partitions{state="held"}) > bool 0'),
            _check(
                3,
                "counting",
                'sum(shipsentry_partitions{state="owned"}) '
                '- sum(shipsentry_partitions{state="counted"}) > bool 0',
            ),
            _check(2, "gate", "max(shipsentry_gate_lag_seconds) > bool 60"),
            _check(2, "lag", "max(shipsentry_lag_seconds) > bool 60"),
            _check(1, "feed", "max(shipsentry_feed_silent) > bool 0"),
        ]
    )
    + ")"
)

LEADS = "shipsentry_warning_lead_seconds"
REVISIONS = "shipsentry_warning_revisions_total"
SHADOW = "shipsentry_shadow_revisions_total"
FEEDS = "shipsentry_feed_latency_seconds"
ALL_LEADS = f"sum({grown(LEADS + '_count', 24)})"


def _leads_up_to(seconds: str) -> str:
    """Of all first warnings of a day, the share with at most so long a lead."""
    bucket = f'{LEADS}_bucket{{le="{seconds}"}}'
    return share(f"sum({grown(bucket, 24)})", ALL_LEADS)


def _ended(state: str) -> str:
    ended = f'{REVISIONS}{{state=~"{state}"}}'
    return f"sum({grown(ended, 24)})"


def _opened(hours: int, by: str) -> str:
    """Warnings that shadow profiles opened, and those published beside them as `published`."""
    shadow, real = f'{SHADOW}{{state="open"}}', f'{REVISIONS}{{state="open"}}'
    shared = by.removeprefix("profile").removeprefix(", ")
    published = f"sum by ({shared}) ({grown(real, hours)}) and on () count({SHADOW})"
    return (
        f"sum by ({by}) ({grown(shadow, hours)}) "
        f'or label_replace({published}, "profile", "published", "", "")'
    )


def _lead(q: float) -> str:
    """In hours: a scale of seconds has ticks like 33.3 minutes."""
    return f"histogram_quantile({q}, sum by (le) (increase({LEADS}_bucket[1h]))) / 3600 >= 0"


def _feed(q: float) -> str:
    """In minutes, for the same reason."""
    return (
        f"histogram_quantile({q}, sum by (carrier, le) "
        f'(increase({FEEDS}_bucket{{carrier=~"$carrier"}}[1h]))) / 60 >= 0'
    )


ONLY_THIS_SHOP = Link(
    Text("Show only this shop", "只看该店铺"),
    "risk",
    "var-datasource=${datasource}&var-shop=${__value.raw}",
    variables=False,
)

PUBLISHED = {"published": Text("published", "实际发布")}

NO_SUM = Text("no warning that stands has a known sum", "当前预警均无可计算金额")
NONE_STANDS = Text("no warning stands", "当前没有预警")
NO_FIRST = Text("no warning was first published in this time", "该时段内没有新发布的预警")
NO_ORDERS_TODAY = Text("no shop has orders on its platform's present day", "当日尚无计入考核的订单")
NO_RECORDS = Text("no carrier's records were read in this time", "该时段内没有读到承运商轨迹")
NO_SHADOW = Text(
    "no shadow profile is loaded, or it says nothing", "未加载影子规则，或影子规则没有预警"
)

NOW = Row(
    Text("Now", "当前"),
    [
        Panel(
            1,
            Stat(),
            Text("Due in 1 h", "1 小时内到期"),
            Text(
                "How many open warnings breach within an hour if nobody acts?",
                "如不处理，1 小时内将有多少条预警超时？",
            ),
            "locale",
            [Query(_due(1))],
            width=3,
            height=5,
            steps=ANY_IS_RED,
            opens=SHOPS_PANEL,
            lists=f"within_hours=1&{CHOSEN}",
        ),
        Panel(
            2,
            Stat(),
            Text("Due in 4 h", "4 小时内到期"),
            Text(
                "How many open warnings breach within four hours if nobody acts?",
                "如不处理，4 小时内将有多少条预警超时？",
            ),
            "locale",
            [Query(_due(4))],
            width=3,
            height=5,
            steps=ANY_IS_ORANGE,
            opens=SHOPS_PANEL,
            lists=f"within_hours=4&{CHOSEN}",
        ),
        Panel(
            3,
            Stat(),
            Text("Next deadline in", "距最近时限"),
            Text(
                "How long until the next open warning breaches?",
                "最近一条预警还有多久超时？",
            ),
            "dthms",
            [Query(f"min(shipsentry_next_deadline_seconds{{{S}}})")],
            width=4,
            height=5,
            empty=Text("no open deadline", "没有待到期的时限"),
            steps=(Step(None, "red"), Step(3600, "orange"), Step(14400, "green")),
            opens=SHOPS_PANEL,
            lists=f"state=open&{CHOSEN}",
        ),
        Panel(
            4,
            Stat(),
            Text("Money at risk", "涉及金额"),
            Text(
                "What may all warnings that stand cost, at least and at most? Open and breached "
                "together; warnings whose sum is unknown are not in it, nor are caps over several "
                "warnings.",
                "当前全部预警（含已超时）可能赔付多少，最少与最多？"
                "不含金额未知的预警，未计多条预警合并的赔付上限。",
            ),
            "locale",
            [
                Query(_money("least"), Text("{{currency}} at least", "{{currency}} 最少")),
                Query(_money("most"), Text("{{currency}} at most", "{{currency}} 最多")),
            ],
            width=5,
            height=5,
            empty=NO_SUM,
            steps=(Step(None, "orange"),),
            decimals=0,
            opens=SHOPS_PANEL,
            lists=CHOSEN,
        ),
        Panel(
            5,
            Stat(),
            Text("Strikes at risk", "可能计违规"),
            Text(
                "How many warnings that stand may bring a strike instead of a sum?",
                "当前有多少条预警可能被计一次违规（无明确金额）？",
            ),
            "locale",
            [Query(or_zero(f"sum(shipsentry_strikes_at_risk{{{S}}})"))],
            width=4,
            height=5,
            steps=ANY_IS_ORANGE,
            opens=SHOPS_PANEL,
            lists=CHOSEN,
        ),
        Panel(
            6,
            Stat(fill=True),
            Text("Can I trust this now?", "数据现在可信吗"),
            Text(
                "Is every worker up, ready, counted and in time, and is every carrier heard? The "
                "worst of all is shown.",
                "工作进程是否全部在线、就绪、统计完毕且无滞后，各承运商轨迹是否正常？显示其中最严重的一项。",
            ),
            "none",
            [Query(TRUSTED)],
            width=5,
            height=5,
            empty=NO_DATA,
            codes=TRUST,
            opens=Link(Text("Pipeline health", "系统运行状况"), "pipeline"),
        ),
    ],
)

BREACHING = Row(
    Text("What is about to breach", "即将超时"),
    [
        Panel(
            SHOPS_PANEL,
            Table(
                [
                    Column("platform", Text("Platform", "平台"), names=PLATFORMS),
                    Column(
                        "shop",
                        Text("Shop", "店铺"),
                        names=SHOPS,
                        link=ONLY_THIS_SHOP,
                        lists="shop=${__value.raw}",
                        width=130,
                    ),
                    Column(0, Text("Open", "预警中")),
                    Column(1, Text("Due in 4 h", "4 小时内到期"), steps=ANY_IS_ORANGE, width=115),
                    Column(2, Text("Breached", "已超时"), steps=ANY_IS_RED),
                    Column(3, Text("Strikes", "可能计违规")),
                    Column("currency", Text("Currency", "币种")),
                    Column(4, Text("At least", "金额最少"), missing="–"),
                    Column(5, Text("At most", "金额最多"), missing="–"),
                ],
                sort=3,
            ),
            Text("Shops", "店铺"),
            Text(
                "Which shop needs attention first, and what is at stake there? The shops with the "
                "most at stake have a row of their own, the rest are `other`; a shop with several "
                "currencies has several rows.",
                "应先处理哪家店铺？风险有多大？风险最高的店铺单独列出，其余合并为「其他店铺」；"
                "有多种币种的店铺占多行。",
            ),
            "locale",
            [
                Query(_standing("open", "platform, shop")),
                Query(f'sum by (platform, shop) (shipsentry_warnings_due{{{S},within_hours="4"}})'),
                Query(_standing("breached", "platform, shop")),
                Query(f"sum by (platform, shop) (shipsentry_strikes_at_risk{{{S}}})"),
                Query(_money("least", "platform, shop, currency")),
                Query(_money("most", "platform, shop, currency")),
            ],
            width=15,
            height=10,
            empty=NONE_STANDS,
            decimals=0,
        ),
        Panel(
            14,
            Table(
                [
                    Column(
                        "rule",
                        Text("Rule", "规则"),
                        names=RULES,
                        lists=f"rule=${{__value.raw}}&{CHOSEN}",
                        width=195,
                    ),
                    Column("stage", Text("Stage", "阶段"), names=STAGES),
                    Column(0, Text("Open", "预警中")),
                    Column(1, Text("Breached", "已超时"), steps=ANY_IS_RED),
                ],
                sort=2,
            ),
            Text("Rules", "规则"),
            Text(
                "Which rule do the warnings that stand come from?",
                "当前预警由哪些规则产生？",
            ),
            "locale",
            [
                Query(_standing("open", "rule, stage")),
                Query(_standing("breached", "rule, stage")),
            ],
            width=9,
            height=10,
            empty=NONE_STANDS,
            decimals=0,
        ),
        Panel(
            10,
            Bars(),
            Text("Due in n hours", "n 小时内到期"),
            Text(
                "How many open warnings breach within 1, 2, 4, 8 and 12 hours? Each bar holds the "
                "ones above it.",
                "1、2、4、8、12 小时内各有多少条预警超时？较长时段包含较短时段。",
            ),
            "locale",
            [Query(_due(h), Text(f"{h} h", f"{h} 小时")) for h in (1, 2, 4, 8, 12)],
            width=4,
            height=11,
            least=0,
            steps=(GOOD, Step(1, "orange")),
            opens=SHOPS_PANEL,
            lists=f"within_hours=12&{CHOSEN}",
        ),
        Panel(
            11,
            Graph(stack=True, many=True),
            Text("Open warnings by rule and stage", "预警中（按规则与阶段）"),
            Text(
                "Of which rules are there open warnings, and are they getting more?",
                "预警集中在哪些规则？是否在增加？",
            ),
            "short",
            [Query(_standing("open", "rule, stage"), "{{rule}} · {{stage}}")],
            width=10,
            height=11,
            empty=NONE_STANDS,
            names=pairs(RULES, STAGES),
            least=0,
        ),
        Panel(
            12,
            Graph(stack=True, many=True),
            Text("Breached warnings by rule and stage", "已超时（按规则与阶段）"),
            Text(
                "Of which rules have deadlines passed, and are they getting more?",
                "哪些规则已经超时？是否在增加？",
            ),
            "short",
            [Query(_standing("breached", "rule, stage"), "{{rule}} · {{stage}}")],
            width=10,
            height=11,
            empty=Text("no warning is breached", "当前没有已超时的预警"),
            names=pairs(RULES, STAGES),
            least=0,
        ),
    ],
)

COST = Row(
    Text("What it may cost", "可能的代价"),
    [
        Panel(
            20,
            Graph(),
            Text("Can still be averted", "尚可避免的金额"),
            Text(
                "What may the open warnings cost if nobody acts, at least and at most?",
                "预警中的订单如不处理，可能赔付多少，最少与最多？",
            ),
            "locale",
            [
                Query(
                    _money("least", state="open"),
                    Text("{{currency}} at least", "{{currency}} 最少"),
                ),
                Query(
                    _money("most", state="open"), Text("{{currency}} at most", "{{currency}} 最多")
                ),
            ],
            width=8,
            empty=NO_SUM,
            decimals=0,
            least=0,
        ),
        Panel(
            21,
            Graph(),
            Text("Perhaps incurred", "可能已产生的金额"),
            Text(
                "What may the breached warnings cost, at least and at most?",
                "已超时的预警可能赔付多少，最少与最多？",
            ),
            "locale",
            [
                Query(
                    _money("least", state="breached"),
                    Text("{{currency}} at least", "{{currency}} 最少"),
                ),
                Query(
                    _money("most", state="breached"),
                    Text("{{currency}} at most", "{{currency}} 最多"),
                ),
            ],
            width=8,
            empty=Text("nothing breached has a known sum", "已超时的预警均无可计算金额"),
            decimals=0,
            least=0,
        ),
        Panel(
            22,
            Graph(),
            Text("Strikes, and sums nobody knows", "可能计违规与金额未知"),
            Text(
                "How many warnings may bring a strike, and of how many is the sum unknown because "
                "the amount paid is missing or in another currency?",
                "多少条预警可能计违规？多少条因缺少实付金额或币种不同而无法计算金额？",
            ),
            "short",
            [
                Query(
                    or_zero(f'sum(shipsentry_strikes_at_risk{{{S},state="open"}})'),
                    Text("strikes, open", "可能计违规 · 预警中"),
                ),
                Query(
                    or_zero(f'sum(shipsentry_strikes_at_risk{{{S},state="breached"}})'),
                    Text("strikes, breached", "可能计违规 · 已超时"),
                ),
                Query(
                    or_zero(f'sum(shipsentry_unpriced_warnings{{{S},state="open"}})'),
                    Text("sum unknown, open", "金额未知 · 预警中"),
                ),
                Query(
                    or_zero(f'sum(shipsentry_unpriced_warnings{{{S},state="breached"}})'),
                    Text("sum unknown, breached", "金额未知 · 已超时"),
                ),
            ],
            width=8,
            least=0,
        ),
    ],
)

ONE_SHOP = "platform, shop"


def _day(measure: str) -> str:
    return f'sum by ({ONE_SHOP}) (shipsentry_shop_day_orders{{{S},measure="{measure}"}})'


def _stock(what: str) -> str:
    return f"sum by ({ONE_SHOP}) (shipsentry_{what}_short{{{S}}})"


DISTANCE = (
    Step(None, "red"),
    Step(1, "orange"),
    Step(6, "yellow"),
    Step(21, "green"),
)

FAR = 50
"""Orders to a line from which on a shop is not near it."""

DAY = Row(
    Text("The platform's lines for a shop's day", "店铺当日考核线"),
    [
        Panel(
            30,
            Table(
                [
                    Column(
                        0,
                        Text("Orders to the line", "距考核线（单）"),
                        steps=DISTANCE,
                        width=150,
                        codes=[Code(0, Text("0: crossed", "0：已越线"), "red")],
                    ),
                    Column("line", Text("Line", "考核线"), names=LINES),
                    Column("platform", Text("Platform", "平台"), names=PLATFORMS),
                    Column("shop", Text("Shop", "店铺"), names=SHOPS, link=ONLY_THIS_SHOP),
                ],
                descending=False,
            ),
            Text("Distance to each line, nearest first", "距考核线的单量（由近到远）"),
            Text(
                "How many more orders of today may go wrong before a shop crosses a line that its "
                "platform draws? Of `other` the nearest shop.",
                "当日再有多少单出问题，店铺就会越过平台考核线？「其他店铺」取最近的一家。",
            ),
            "locale",
            [Query(f"min by (platform, shop, line) (shipsentry_shop_line_distance_orders{{{S}}})")],
            width=10,
            empty=NO_ORDERS_TODAY,
            decimals=0,
        ),
        Panel(
            31,
            Table(
                [
                    Column("platform", Text("Platform", "平台"), names=PLATFORMS),
                    Column("shop", Text("Shop", "店铺"), names=SHOPS, link=ONLY_THIS_SHOP),
                    Column(0, Text("Due", "应发")),
                    Column(1, Text("Late", "延迟"), steps=ANY_IS_ORANGE),
                    Column(2, Text("Unshipped", "未发"), steps=ANY_IS_ORANGE),
                    Column(3, Text("Shipped", "已揽收")),
                    Column(4, Text("Abnormal", "轨迹异常"), steps=ANY_IS_ORANGE),
                ],
                sort=3,
            ),
            Text("Today's orders by shop", "各店铺当日订单"),
            Text(
                "Of each shop's orders today, how many are due, late, not shipped, shipped, and at "
                "risk of being judged abnormal?",
                "各店铺当日应发、延迟、未发、已揽收以及有轨迹异常风险的订单各有多少？",
            ),
            "locale",
            [
                Query(_day("due")),
                Query(_day("late")),
                Query(_day("unshipped")),
                Query(_day("shipped")),
                Query(_day("abnormal")),
            ],
            width=14,
            empty=NO_ORDERS_TODAY,
            decimals=0,
        ),
        Panel(
            32,
            Graph(),
            Text("The nearest shop to each line", "最接近各考核线的店铺"),
            Text(
                "Do the chosen shops come nearer to a line in the course of the day? At 0 one of "
                f"them has crossed it; {FAR} or more is drawn at {FAR}.",
                "所选店铺当日是否在逼近考核线？降到 0 表示已有店铺越线；"
                f"{FAR} 单及以上均画在 {FAR}。",
            ),
            "short",
            [
                Query(
                    "clamp_max(min by (platform, line) "
                    f"(shipsentry_shop_line_distance_orders{{{S}}}), {FAR})",
                    "{{platform}} · {{line}}",
                )
            ],
            width=12,
            height=7,
            empty=NO_ORDERS_TODAY,
            names=pairs(PLATFORMS, LINES),
            steps=DISTANCE,
            least=0,
            most=FAR,
        ),
        Panel(
            33,
            Table(
                [
                    Column("platform", Text("Platform", "平台"), names=PLATFORMS),
                    Column("line", Text("Line", "考核线"), names=LINES),
                    Column(0, Text("Times", "次数"), steps=ANY_IS_RED),
                ],
                sort=2,
            ),
            Text("Lines crossed, last 24 h", "近 24 小时越线"),
            Text(
                "How often did a shop's day cross a line in the last 24 hours?",
                "近 24 小时有多少店铺日越过考核线？",
            ),
            "locale",
            [
                Query(
                    "sum by (platform, line) ("
                    + grown('shipsentry_shop_lines_crossed_total{platform=~"$platform"}', 24)
                    + ") > 0"
                )
            ],
            width=7,
            height=7,
            empty=Text("no line was crossed", "没有店铺越线"),
            decimals=0,
        ),
        Panel(
            34,
            Stat(),
            Text("Not counted by product", "未计入商品维度"),
            Text(
                "How many orders of the last 24 hours are missing from the counts by product, "
                "because their shop has too many products on one day?",
                "近 24 小时有多少订单因店铺当日商品过多而未计入商品维度？",
            ),
            "locale",
            [Query(or_zero(f"sum({grown('shipsentry_products_not_metered_total', 24)})"))],
            width=5,
            height=7,
            decimals=0,
            steps=ANY_IS_ORANGE,
        ),
    ],
)

STOCK = Row(
    Text("Stock", "库存"),
    [
        Panel(
            36,
            Table(
                [
                    Column("platform", Text("Platform", "平台"), names=PLATFORMS),
                    Column("shop", Text("Shop", "店铺"), names=SHOPS, link=ONLY_THIS_SHOP),
                    Column(0, Text("Products", "商品"), steps=ANY_IS_RED),
                    Column(1, Text("Pieces", "件数"), steps=ANY_IS_RED),
                ],
                sort=3,
            ),
            Text("Products that are short, by shop", "各店铺缺货商品"),
            Text(
                "Of each shop, how many products have less in stock than is still to be sent of "
                "them, and how many pieces do they lack?",
                "各店铺有多少商品的库存少于待发件数？共缺多少件？",
            ),
            "locale",
            [Query(_stock("products")), Query(_stock("pieces"))],
            width=10,
            height=7,
            empty=Text("no product is short, or no stock is read", "没有缺货商品，或未读取库存"),
            decimals=0,
        ),
        Panel(
            37,
            Graph(),
            Text("Pieces that are lacking", "缺货件数"),
            Text(
                "Do the products of the chosen shops lack more and more pieces?",
                "所选店铺的缺货件数是否在增加？",
            ),
            "short",
            [
                Query(
                    f"sum by (platform) (shipsentry_pieces_short{{{S}}})",
                    "{{platform}}",
                )
            ],
            width=9,
            height=7,
            empty=Text("no product is short, or no stock is read", "没有缺货商品，或未读取库存"),
            names=PLATFORMS,
            least=0,
        ),
        Panel(
            38,
            Stat(),
            Text("Not counted in stock", "未计入库存"),
            Text(
                "How many orders of the last 24 hours are missing from what products lack, because "
                "a product has too many open orders?",
                "近 24 小时有多少订单因商品未发订单过多而未计入库存？",
            ),
            "locale",
            [Query(or_zero(f"sum({grown('shipsentry_stock_orders_left_out_total', 24)})"))],
            width=5,
            height=7,
            decimals=0,
            steps=ANY_IS_ORANGE,
        ),
    ],
)

EARLY = Row(
    Text("How early we warn", "预警提前量"),
    [
        Panel(
            40,
            Stat(),
            Text("Over 2 h ahead", "提前 2 小时以上"),
            Text(
                "Of the warnings first published in the last 24 hours, which share left more than "
                "two hours to act?",
                "近 24 小时首次发布的预警中，有多大比例留出了 2 小时以上处理时间？",
            ),
            "percentunit",
            [Query(f"1 - {_leads_up_to('7200.0')}")],
            width=4,
            height=6,
            empty=NO_FIRST,
            decimals=0,
            steps=(Step(None, "red"), Step(0.8, "orange"), Step(0.95, "green")),
        ),
        Panel(
            41,
            Stat(),
            Text("Too late to act", "发布时已超时"),
            Text(
                "Of the warnings first published in the last 24 hours, which share was past its "
                "deadline already? Facts that came late, or a worker that was behind.",
                "近 24 小时首次发布的预警中，有多大比例发布时已过时限？通常因数据迟到或处理滞后。",
            ),
            "percentunit",
            [Query(_leads_up_to("0.0"))],
            width=4,
            height=6,
            empty=NO_FIRST,
            decimals=0,
            steps=(GOOD, Step(0.02, "orange"), Step(0.1, "red")),
        ),
        Panel(
            42,
            Stat(),
            Text("False alarms", "误报比例"),
            Text(
                "Of the warnings that ended in the last 24 hours, which share was withdrawn "
                "because a later fact showed that it should not have been raised?",
                "近 24 小时结束的预警中，有多大比例因后到的信息而撤回？",
            ),
            "percentunit",
            [Query(share(_ended("withdrawn"), _ended("resolved|withdrawn")))],
            width=4,
            height=6,
            empty=Text("no warning ended in this time", "该时段内没有预警结束"),
            decimals=0,
            steps=(GOOD, Step(0.1, "orange"), Step(0.3, "red")),
        ),
        Panel(
            43,
            Graph(),
            Text("Lead of first warnings", "首次预警的提前量"),
            Text(
                "How long before its deadline is a warning first published: half of them, and the "
                "shortest tenth?",
                "预警首次发布时距时限多久？中位数与最短的一成。",
            ),
            "h",
            [
                Query(_lead(0.5), Text("half have more than", "半数多于")),
                Query(_lead(0.1), Text("nine tenths have more than", "九成多于")),
            ],
            width=12,
            height=6,
            empty=NO_FIRST,
            least=0,
        ),
        Panel(
            44,
            Bars(),
            Text("Median lead by rule, last 24 h", "各规则提前量中位数（近 24 小时）"),
            Text(
                "Which rule warns late?",
                "哪条规则预警偏晚？",
            ),
            "s",
            [
                Query(
                    "sort(histogram_quantile(0.5, sum by (rule, le) "
                    f"({grown(LEADS + '_bucket', 24)})) >= 0)",
                    "{{rule}}",
                )
            ],
            width=12,
            empty=NO_FIRST,
            names=RULES,
            steps=(Step(None, "red"), Step(3600, "orange"), Step(7200, "green")),
            least=0,
        ),
        Panel(
            45,
            Graph(stack=True),
            Text("Revisions published in an hour", "每小时发布的预警"),
            Text(
                "What did we publish in the last hour: warnings that opened, breached, were "
                "resolved, were withdrawn?",
                "最近一小时发布了什么：新预警、超时、结束、撤回？",
            ),
            "short",
            [Query(f"sum by (state) ({grown(REVISIONS, 1)})", "{{state}}")],
            width=12,
            empty=Text("nothing was ever published", "尚未发布任何预警"),
            names=STATES,
            colours=STATE_COLOURS,
            least=0,
        ),
    ],
)

CARRIER = Row(
    Text("Carriers' feeds", "承运商物流轨迹"),
    [
        Panel(
            50,
            Graph(),
            Text("Feed latency, median", "轨迹延迟（中位数）"),
            Text(
                "How long after a scan does its record reach us? A slow feed makes warnings of "
                "parcels that moved.",
                "扫描之后多久收到轨迹？轨迹来得慢，已动的包裹也会被预警。",
            ),
            "m",
            [Query(_feed(0.5), "{{carrier}}")],
            width=8,
            empty=NO_RECORDS,
            names=CARRIERS,
            least=0,
        ),
        Panel(
            51,
            Graph(),
            Text("Feed latency, slowest tenth", "轨迹延迟（最慢一成）"),
            Text(
                "After how long has nearly everything of a carrier reached us? The scale ends at "
                "24 hours.",
                "多久之后该承运商九成轨迹已送达？最大显示 24 小时。",
            ),
            "m",
            [Query(_feed(0.9), "{{carrier}}")],
            width=8,
            empty=NO_RECORDS,
            names=CARRIERS,
            steps=(GOOD, Step(4 * 60, "red")),
            least=0,
        ),
        Panel(
            52,
            Table(
                [
                    Column("carrier", Text("Carrier", "承运商"), names=CARRIERS),
                    Column(
                        0,
                        Text("Feed", "轨迹"),
                        steps=ANY_IS_RED,
                        codes=[Code(0, Text("heard", "正常"), "green")],
                    ),
                    Column(1, Text("Quiet for", "距上一条轨迹"), unit="s", missing="–"),
                ],
                sort=1,
            ),
            Text("Who is heard", "轨迹是否中断"),
            Text(
                "Is a carrier's whole feed silent, and when was it last heard? Warnings of a "
                "silent carrier say so: the parcel may be fine. The quiet time is absent while a "
                "worker catches up.",
                "某承运商的轨迹是否全部中断？上次收到是多久前？中断期间其预警会注明，包裹本身可能正常。"
                "追赶积压时不显示间隔。",
            ),
            "locale",
            [
                Query('max by (carrier) (shipsentry_feed_silent{carrier=~"$carrier"})'),
                Query('min by (carrier) (shipsentry_feed_quiet_seconds{carrier=~"$carrier"})'),
            ],
            width=8,
            empty=Text("no carrier was heard since the start", "启动以来尚未收到承运商轨迹"),
        ),
    ],
)

SHADOWS = Row(
    Text("What shadow profiles would say", "影子规则试算"),
    [
        Panel(
            60,
            Graph(),
            Text("Warnings opened in an hour", "每小时新预警"),
            Text(
                "Would a shadow profile warn more or less often than what is published?",
                "影子规则比实际发布的预警更多还是更少？",
            ),
            "short",
            [Query(_opened(1, "profile"), "{{profile}}")],
            width=12,
            empty=NO_SHADOW,
            names=PUBLISHED,
            least=0,
        ),
        Panel(
            61,
            Table(
                [
                    Column("rule", Text("Rule", "规则"), names=RULES, width=220),
                    Column("stage", Text("Stage", "阶段"), names=STAGES),
                    Column("profile", Text("Profile", "规则版本"), names=PUBLISHED),
                    Column(0, Text("Opened", "新预警")),
                ],
                descending=False,
            ),
            Text("Warnings opened by rule, last 24 h", "各规则新预警（近 24 小时）"),
            Text(
                "By which rules would a shadow profile warn more often or less often than what is "
                "published?",
                "影子规则在哪些规则上比实际发布的预警更多或更少？",
            ),
            "locale",
            [Query(_opened(24, "profile, rule, stage"))],
            width=12,
            empty=NO_SHADOW,
            decimals=0,
        ),
    ],
)

RISK = Board(
    "risk",
    Text("Shipment risk", "发货风险"),
    Text(
        "Which parcels are about to be judged fake shipments, what that may cost, and whether "
        "these numbers can be trusted now.",
        "哪些包裹即将有被判虚假发货的风险，可能的代价，以及当前数据是否可信。",
    ),
    [
        Variable("platform", Text("Platform", "平台"), "shipsentry_profile_info", "platform"),
        Variable(
            "shop",
            Text("Shop", "店铺"),
            '{__name__=~"shipsentry_(open_warnings|shop_day_orders)",platform=~"$platform"}',
            "shop",
        ),
        Variable(
            "carrier", Text("Carrier", "承运商"), "shipsentry_feed_latency_seconds_count", "carrier"
        ),
    ],
    [NOW, BREACHING, COST, DAY, STOCK, EARLY, CARRIER, SHADOWS],
    worker="http://localhost:8080",
)
