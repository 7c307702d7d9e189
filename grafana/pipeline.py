"""*Pipeline health*: is all read, judged and published in time, and if not, where does it hang?"""

from __future__ import annotations

from grafana import words
from grafana.model import (
    ALL_HELD,
    NO_DATA,
    NO_HEARTBEAT,
    NO_PARTITIONS,
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
from grafana.promql import ALERTS, firing, grown, or_zero, quantile, share

ALERTS_PANEL = 56

W = 'instance=~"$instance"'
"""The workers that are chosen."""
T = f'{W},topic=~"$topic"'
JOB = f'job="shipsentry",{W}'
RATE = "$__rate_interval"

GOOD = Step(None, "green")
PLAIN = Step(None, "text")
ANY_IS_RED = (GOOD, Step(1, "red"))
SECONDS_BEHIND = (GOOD, Step(10, "orange"), Step(60, "red"))

SEVERITIES = (("critical", "red"), ("warning", "orange"), ("info", "blue"))
"""Of alerts, the worst first."""

RECORDS = "shipsentry_records_total"
READ = f"{RECORDS}{{{T}}}"

IDLE = Text("no records were read in this time", "该时段内没有读到记录")


def _of(outcome: str) -> str:
    """The share of a topic's records with an outcome."""
    part = f'sum by (topic) (rate({RECORDS}{{{T},outcome="{outcome}"}}[{RATE}]))'
    return share(part, f"sum by (topic) (rate({READ}[{RATE}]))")


URGENCY = tuple(
    Code(number, words.SEVERITIES[severity], colour)
    for number, (severity, colour) in enumerate(SEVERITIES, 1)
)
"""By their names `info` would stand before `warning`."""


def _by_urgency(alerts: str) -> str:
    """Alerts with a label that can be sorted by."""
    for code in URGENCY:
        alerts = (
            f'label_replace({alerts}, "urgency", "{code.number}", "severity", "{code.text.en}")'
        )
    return alerts


def _chunk(q: float) -> str:
    """At least 1: between the bounds of the first bucket a quantile would be half a record."""
    return f"clamp_min({quantile(q, 'shipsentry_chunk_records', '', T, RATE)}, 1)"


def _sum(metric: str, by: str, matchers: str = W) -> str:
    return f"sum by ({by}) ({metric}{{{matchers}}})"


def _max(metric: str, by: str, matchers: str = W) -> str:
    return f"max by ({by}) ({metric}{{{matchers}}})"


NOW = Row(
    Text("Now", "当前"),
    [
        Panel(
            1,
            Stat(),
            Text("Workers", "工作进程"),
            Text(
                "How many workers are ready, and how many that Prometheus knows are not?",
                "多少工作进程已就绪？Prometheus 已知的进程中多少未就绪？",
            ),
            "locale",
            [
                Query(
                    f"sum(shipsentry_ready{{{W}}}) or 0 * count(up{{{JOB}}})",
                    Text("ready", "就绪"),
                    (Step(None, "red"), Step(1, "green")),
                ),
                Query(
                    f"count(up{{{JOB}}}) "
                    f"- (sum(shipsentry_ready{{{W}}}) or 0 * count(up{{{JOB}}}))",
                    Text("not ready", "未就绪"),
                    ANY_IS_RED,
                ),
            ],
            width=6,
            height=4,
            empty=NO_DATA,
            opens=60,
        ),
        Panel(
            2,
            Stat(),
            Text("Partitions", "分区"),
            Text(
                "How many partition numbers are owned, how many of these are held until their "
                "backlog is read, and how many are counted in the gauges? How many partitions of "
                "inputs are not read, because too much of them became dead letters?",
                "持有多少分区？其中多少仍在追平积压、时限待判？多少已计入各项统计？"
                "多少输入分区因死信过多而停止读取？",
            ),
            "locale",
            [
                Query(f'sum(shipsentry_partitions{{{W},state="owned"}})', Text("owned", "持有")),
                Query(
                    f'sum(shipsentry_partitions{{{W},state="held"}})',
                    Text("held", "待追平"),
                    (PLAIN, Step(1, "orange")),
                ),
                Query(
                    f'sum(shipsentry_partitions{{{W},state="counted"}})', Text("counted", "已统计")
                ),
                Query(
                    f"sum(shipsentry_input_partitions_stopped{{{W}}})",
                    Text("not read", "停止读取"),
                    (PLAIN, Step(1, "red")),
                ),
            ],
            width=6,
            height=4,
            steps=(PLAIN,),
            opens=63,
        ),
        Panel(
            3,
            Stat(),
            Text("Lag", "滞后"),
            Text(
                "How old is the last processed record of the topic furthest behind? 0: nothing "
                "waits.",
                "滞后最严重的主题，最近处理的记录已有多旧？0 表示没有积压。",
            ),
            "s",
            [Query(f"max(shipsentry_lag_seconds{{{T}}})")],
            width=6,
            height=4,
            steps=SECONDS_BEHIND,
            opens=41,
        ),
        Panel(
            4,
            Stat(),
            Text("Oldest due entry", "最久未判定"),
            Text(
                "How long has the state waited whose time came first? 0: none waits. While "
                "partitions are held it grows.",
                "最早到期的状态已等待多久？0 表示没有等待；分区追平积压期间会增长。",
            ),
            "s",
            [Query(f"max(shipsentry_due_age_seconds{{{W}}})")],
            width=6,
            height=4,
            steps=SECONDS_BEHIND,
            opens=48,
        ),
        Panel(
            5,
            Stat(),
            Text("Dead letters, last hour", "近 1 小时死信"),
            Text(
                "How many records could not be processed in the last hour?",
                "近 1 小时有多少记录无法处理？",
            ),
            "locale",
            [Query(or_zero(f"sum({grown(f'shipsentry_dead_letters_total{{{T}}}', 1)})"))],
            width=6,
            height=4,
            decimals=0,
            steps=(GOOD, Step(1, "orange")),
            opens=50,
        ),
        Panel(
            6,
            Stat(),
            Text("Rule failures, last hour", "近 1 小时规则出错"),
            Text(
                "How often did a rule raise in the last hour? The others went on.",
                "近 1 小时规则出错多少次？其余规则不受影响。",
            ),
            "locale",
            [Query(or_zero(f"sum({grown(f'shipsentry_rule_failures_total{{{W}}}', 1)})"))],
            width=6,
            height=4,
            decimals=0,
            steps=ANY_IS_RED,
            opens=52,
        ),
        Panel(
            7,
            Stat(),
            Text("Commit age", "提交等待"),
            Text(
                "For how long has durable work waited for its offsets to be committed? 0: none "
                "waits.",
                "已落盘的处理结果等待提交位点多久了？0 表示没有等待。",
            ),
            "s",
            [Query(f"max(shipsentry_commit_age_seconds{{{W}}})")],
            width=6,
            height=4,
            steps=(GOOD, Step(10, "orange"), Step(30, "red")),
            opens=33,
        ),
        Panel(
            8,
            Stat(),
            Text("Firing alerts", "触发中的告警"),
            Text(
                "How many alerts of ShipSentry fire, by severity?",
                "各级别有多少 ShipSentry 告警正在触发？",
            ),
            "locale",
            [
                Query(
                    firing(severity),
                    words.SEVERITIES[severity],
                    (PLAIN, Step(1, colour)),
                )
                for severity, colour in SEVERITIES
            ],
            width=6,
            height=4,
            empty=NO_DATA,
            steps=(PLAIN,),
            opens=ALERTS_PANEL,
        ),
    ],
)

THROUGHPUT = Row(
    Text("Throughput", "吞吐"),
    [
        Panel(
            10,
            Graph(stack=True),
            Text("Records by topic", "各主题记录数"),
            Text("How many records a second are read of each topic?", "各主题每秒读取多少记录？"),
            "cps",
            [Query(f"sum by (topic) (rate({READ}[{RATE}]))", "{{topic}}")],
            width=8,
            empty=IDLE,
            least=0,
        ),
        Panel(
            11,
            Graph(log=True),
            Text("Records by outcome", "各处理结果记录数"),
            Text(
                "What becomes of the records: new, repeated, late, dead letters, sent to the "
                "partition of their key?",
                "记录的处理结果如何：新记录、重复、过期、死信、转回所属分区？",
            ),
            "cps",
            [Query(f"sum by (outcome) (rate({READ}[{RATE}]))", "{{outcome}}")],
            width=8,
            empty=IDLE,
            names=words.OUTCOMES,
            colours=words.OUTCOME_COLOURS,
        ),
        Panel(
            12,
            Graph(log=True),
            Text("CPU per record", "每条记录 CPU 耗时"),
            Text(
                "How much CPU time does a record cost, all that a worker does included? When few "
                "records come, it is high and means nothing.",
                "每条记录消耗多少 CPU（含进程全部开销）？记录很少时数值偏高，无参考意义。",
            ),
            "s",
            [
                Query(
                    f"sum(rate(process_cpu_seconds_total{{{JOB}}}[{RATE}])) "
                    f"/ (sum(rate({RECORDS}{{{W}}}[{RATE}])) > 0)",
                    Text("CPU", "CPU"),
                )
            ],
            width=8,
            empty=IDLE,
        ),
    ],
)

LATENCY = Row(
    Text("Latency", "时延"),
    [
        Panel(
            20,
            Graph(log=True, many=True),
            Text("Pipeline latency, median", "处理时延（中位数）"),
            Text(
                "How long after its Kafka timestamp is all that a record caused published and "
                "durable?",
                "记录进入 Kafka 后多久，其全部结果已发布并落盘？",
            ),
            "s",
            [
                Query(
                    quantile(0.5, "shipsentry_pipeline_latency_seconds", "topic, ", T, RATE),
                    "{{topic}}",
                )
            ],
            width=12,
            height=9,
            empty=IDLE,
        ),
        Panel(
            21,
            Graph(log=True, many=True),
            Text("Pipeline latency, slowest hundredth", "处理时延（最慢 1%）"),
            Text(
                "How long does it take in the worst of a hundred cases? The scale ends at 30 "
                "minutes.",
                "百分之一最慢的情况要多久？最大显示 30 分钟。",
            ),
            "s",
            [
                Query(
                    quantile(0.99, "shipsentry_pipeline_latency_seconds", "topic, ", T, RATE),
                    "{{topic}}",
                )
            ],
            width=12,
            height=9,
            empty=IDLE,
        ),
        Panel(
            22,
            Graph(log=True),
            Text("Commit round", "落盘一轮耗时"),
            Text(
                "How long does a group of chunks take to become durable: outputs, changelogs, "
                "stores? The scale ends at 8 seconds.",
                "一组批次落盘（输出、变更日志、本地存储）要多久？最大显示 8 秒。",
            ),
            "s",
            [
                Query(
                    quantile(0.5, "shipsentry_commit_round_seconds", "", W, RATE),
                    Text("median", "中位数"),
                ),
                Query(
                    quantile(0.99, "shipsentry_commit_round_seconds", "", W, RATE),
                    Text("slowest hundredth", "最慢 1%"),
                ),
            ],
            width=12,
            empty=Text("nothing was committed in this time", "该时段内没有落盘"),
        ),
        Panel(
            13,
            Graph(log=True),
            Text("Chunk size", "批次大小"),
            Text(
                "How many records are processed together, half of the chunks and the largest "
                "tenth? Large chunks: a backlog is read.",
                "一批处理多少记录？中位数与最大的一成。批次大说明在追积压。",
            ),
            "short",
            [
                Query(_chunk(0.5), Text("median", "中位数")),
                Query(_chunk(0.9), Text("largest tenth", "最大一成")),
            ],
            width=12,
            empty=IDLE,
        ),
    ],
)

BUFFERS = Row(
    Text("Buffers", "缓冲"),
    [
        Panel(
            30,
            Graph(),
            Text("Records in flight", "处理中的记录"),
            Text(
                "How many records were fetched and are not durable yet? At its limit no more is "
                "fetched.",
                "多少记录已拉取但尚未落盘？达到上限后不再拉取。",
            ),
            "short",
            [Query(_sum("shipsentry_in_flight_records", "instance"), "{{instance}}")],
            width=6,
            least=0,
        ),
        Panel(
            31,
            Graph(),
            Text("Outputs and states pending", "待落盘的输出与状态"),
            Text(
                "How many outputs and states were handed over and are not durable yet?",
                "多少输出与状态已提交但尚未落盘？",
            ),
            "short",
            [Query(_sum("shipsentry_pending_records", "instance"), "{{instance}}")],
            width=6,
            least=0,
        ),
        Panel(
            32,
            Graph(),
            Text("Producer queue", "生产者队列"),
            Text(
                "How many records wait for the brokers' acknowledgement? If it grows, the brokers "
                "are slow or away.",
                "多少记录在等待 Kafka 确认？持续增长说明 Kafka 变慢或不可用。",
            ),
            "short",
            [Query(_sum("shipsentry_producer_queue_records", "instance"), "{{instance}}")],
            width=6,
            least=0,
        ),
        Panel(
            33,
            Graph(),
            Text("Commit age by worker", "各工作进程提交等待"),
            Text(
                "How long does durable work wait for its offsets to be committed?",
                "已落盘的结果等待提交位点多久？",
            ),
            "s",
            [Query(_max("shipsentry_commit_age_seconds", "instance"), "{{instance}}")],
            width=6,
            steps=(GOOD, Step(10, "orange"), Step(30, "red")),
            least=0,
        ),
    ],
)

LAG = Row(
    Text("Lag", "滞后"),
    [
        Panel(
            40,
            Graph(stack=True, many=True),
            Text("Records not processed", "未处理的记录"),
            Text(
                "How many records of each topic wait, and are they getting fewer?",
                "各主题积压多少记录？是否在减少？",
            ),
            "short",
            [Query(_sum("shipsentry_lag_records", "topic", T), "{{topic}}")],
            width=12,
            height=9,
            least=0,
        ),
        Panel(
            41,
            Graph(many=True),
            Text("Age of the last processed record", "最近处理的记录有多旧"),
            Text(
                "How far behind is each topic in time? 0 where nothing waits.",
                "各主题在时间上落后多少？没有积压为 0。",
            ),
            "s",
            [Query(_max("shipsentry_lag_seconds", "topic", T), "{{topic}}")],
            width=12,
            height=9,
            steps=SECONDS_BEHIND,
            least=0,
        ),
    ],
)

STATE = Row(
    Text("State", "状态"),
    [
        Panel(
            42,
            Graph(),
            Text("States kept", "保存的状态数"),
            Text(
                "How many orders, parcels, tracks and shop days are remembered? Partitions that "
                "are not counted yet are missing.",
                "记住了多少订单、包裹、轨迹与店铺日？未统计完的分区不在内。",
            ),
            "short",
            [Query(_sum("shipsentry_states", "table"), "{{table}}")],
            width=8,
            empty=Text("no state is counted yet", "尚无已统计的状态"),
            names=words.TABLES,
            least=0,
        ),
        Panel(
            43,
            Graph(stack=True),
            Text("Local state", "本地存储"),
            Text(
                "How much disk and write buffer do the states take?",
                "状态占用多少磁盘与写缓冲？",
            ),
            "bytes",
            [Query(_sum("shipsentry_state_bytes", "table"), "{{table}}")],
            width=8,
            empty=NO_PARTITIONS,
            names=words.TABLES,
            least=0,
        ),
        Panel(
            44,
            Graph(),
            Text("States ended in an hour", "每小时结束的状态"),
            Text(
                "Does state end when nothing was heard of it for its retention?",
                "超过保留期的状态是否按时清除？",
            ),
            "short",
            [
                Query(
                    f"sum by (table) ({grown(f'shipsentry_states_ended_total{{{W}}}', 1)})",
                    "{{table}}",
                )
            ],
            width=8,
            empty=Text("nothing has reached its retention yet", "尚无状态到达保留期"),
            names=words.TABLES,
            least=0,
        ),
        Panel(
            45,
            Graph(),
            Text("States due", "到期待判"),
            Text(
                "How many states wait to be judged although their time has come? A partition shows "
                "1,000 at most.",
                "多少状态已到期而尚未判定？每个分区最多显示 1,000。",
            ),
            "short",
            [Query(_sum("shipsentry_due_entries", "table"), "{{table}}")],
            width=8,
            empty=NO_PARTITIONS,
            names=words.TABLES,
            least=0,
        ),
        Panel(
            48,
            Graph(),
            Text("Age of the oldest due state", "最久的到期状态"),
            Text(
                "How late is the judgement? 0 where none waits.",
                "判定晚了多久？没有等待为 0。",
            ),
            "s",
            [Query(_max("shipsentry_due_age_seconds", "table"), "{{table}}")],
            width=8,
            empty=NO_PARTITIONS,
            names=words.TABLES,
            steps=SECONDS_BEHIND,
            least=0,
        ),
        Panel(
            46,
            Graph(),
            Text("Restore: changelog records", "恢复：变更日志记录"),
            Text(
                "How far is a restore, by changelog records still to be read and read so far? 0 "
                "remaining: all is restored.",
                "恢复进度如何：变更日志还剩多少、已读多少？剩余为 0 表示恢复完成。",
            ),
            "short",
            [
                Query(
                    f"sum(shipsentry_restore_remaining_records{{{W}}})", Text("remaining", "剩余")
                ),
                Query(f"sum(shipsentry_restored_records{{{W}}})", Text("read", "已读")),
            ],
            width=5,
            least=0,
        ),
        Panel(
            47,
            Stat(),
            Text("Last restore", "最近一次恢复"),
            Text(
                "How long did the slowest worker's last restore take? 0 before and during it.",
                "最慢的工作进程最近一次恢复耗时多久？恢复前与恢复中为 0。",
            ),
            "s",
            [Query(f"max(shipsentry_restore_seconds{{{W}}})")],
            width=3,
            steps=(PLAIN,),
        ),
        Panel(
            49,
            Graph(stack=True, many=True),
            Text("Stores rebuilt in an hour", "每小时重建的本地状态"),
            Text(
                "Which local state was rebuilt from its changelog, and why? `damaged` again and "
                "again means a disk that fails.",
                "哪些本地状态由变更日志重建，原因是什么？反复 `damaged` 说明磁盘有故障。",
            ),
            "short",
            [
                Query(
                    "sum by (table, reason) "
                    f"({grown(f'shipsentry_stores_rebuilt_total{{{W}}}', 1)}) > 0",
                    "{{table}} · {{reason}}",
                )
            ],
            width=16,
            empty=Text("no store was rebuilt in this time", "该时段内没有重建"),
            least=0,
        ),
        Panel(
            135,
            Graph(),
            Text("Copies of other workers' states", "其他进程状态的副本"),
            Text(
                "How many partitions have a copy with another worker, and how many changelog "
                "records do the copies lack? 0 partitions where no copies are kept.",
                "多少分区在其他进程有副本，副本还差多少变更日志记录？不保留副本时为 0。",
            ),
            "short",
            [
                Query(
                    f"sum(shipsentry_standby_partitions{{{W}}})",
                    Text("partitions with a copy", "有副本的分区"),
                ),
                Query(
                    f"sum(shipsentry_standby_remaining_records{{{W}}})",
                    Text("records that copies lack", "副本缺少的记录"),
                ),
            ],
            width=8,
            least=0,
        ),
    ],
)

PROBLEMS = Row(
    Text("Problems", "问题"),
    [
        Panel(
            83,
            Graph(stack=True, many=True),
            Text("Topics gone, made anew, expired unread", "主题缺失、重建与未读过期"),
            Text(
                "Which topics cannot be read as they are now, which were made anew in an hour, and "
                "how many records expired before they were read?",
                "哪些主题当前无法读取，哪些在一小时内被重建，多少消息未读即过期？",
            ),
            "short",
            [
                Query(
                    f"max by (topic) (shipsentry_topic_unread{{{T}}}) > 0",
                    Text("{{topic}} · gone", "{{topic}} · 缺失"),
                ),
                Query(
                    f"sum by (table) (shipsentry_state_refused{{{W}}}) > 0",
                    Text("{{table}} · changelog refused", "{{table}} · 变更日志不可信"),
                ),
                Query(
                    f"sum by (topic) ({grown(f'shipsentry_topics_made_anew_total{{{T}}}', 1)}) > 0",
                    Text("{{topic}} · made anew", "{{topic}} · 已重建"),
                ),
                Query(
                    "sum by (topic) "
                    f"({grown(f'shipsentry_unread_records_lost_total{{{T}}}', 1)}) > 0",
                    Text("{{topic}} · records expired", "{{topic}} · 消息过期"),
                ),
            ],
            width=24,
            empty=Text("every topic is read whole", "所有主题均完整读取"),
            least=0,
        ),
        Panel(
            84,
            Graph(),
            Text("Clock against the brokers'", "与 Kafka 时钟之差"),
            Text(
                "How far is each worker's clock ahead of the brokers'? Beyond the tolerance it is "
                "doubted, and deadlines wait.",
                "各工作进程的时钟比 Kafka 快多少？超过容差即被怀疑，到期判定暂停。",
            ),
            "s",
            [
                Query(f"max by (instance) (shipsentry_clock_ahead_seconds{{{W}}})", "{{instance}}"),
                Query(
                    f"max by (instance) (shipsentry_clock_doubted{{{W}}})",
                    Text("{{instance}} · doubted", "{{instance}} · 被怀疑"),
                ),
                Query(
                    f"sum by (instance) ({grown(f'shipsentry_clock_doubts_total{{{W}}}', 1)})",
                    Text("{{instance}} · doubts in an hour", "{{instance}} · 每小时次数"),
                ),
            ],
            width=12,
        ),
        Panel(
            85,
            Graph(stack=True, many=True),
            Text("Pages not answered in an hour", "每小时未应答的页面请求"),
            Text(
                "Which pages turned requests away, and why: no token, too busy, out of time, or "
                "nobody waited any more?",
                "哪些页面拒绝了请求，原因是什么：无令牌、繁忙、超时，或对方已断开？",
            ),
            "short",
            [
                Query(
                    "sum by (page, reason) "
                    f"({grown(f'shipsentry_requests_unanswered_total{{{W}}}', 1)}) > 0",
                    "{{page}} · {{reason}}",
                )
            ],
            width=12,
            empty=Text("every request was answered", "所有请求均已应答"),
            least=0,
        ),
        Panel(
            86,
            Graph(stack=True, many=True),
            Text("Not ours, or not readable, in an hour", "每小时外来或无法读取的内容"),
            Text(
                "How many records of internal topics did no worker write, and how many states "
                "cannot be read?",
                "内部主题中有多少外来消息，多少状态无法读取？",
            ),
            "short",
            [
                Query(
                    f"sum by (topic) ({grown(f'shipsentry_foreign_records_total{{{T}}}', 1)}) > 0",
                    Text("{{topic}} · foreign", "{{topic}} · 外来"),
                ),
                Query(
                    "sum by (table) "
                    f"({grown(f'shipsentry_unreadable_states_total{{{W}}}', 1)}) > 0",
                    Text("{{table}} · unreadable states", "{{table}} · 无法读取"),
                ),
            ],
            width=12,
            empty=Text("nothing of the kind", "没有此类内容"),
            least=0,
        ),
        Panel(
            87,
            Graph(),
            Text("Brokers that take nothing", "Kafka 不接受写入的时长"),
            Text(
                "For how long have the brokers taken no record of each worker? All its work is "
                "held meanwhile, unacknowledged.",
                "各工作进程的消息已多久未被 Kafka 接受？期间其工作全部暂停且不确认。",
            ),
            "s",
            [Query(f"max by (instance) (shipsentry_outage_seconds{{{W}}})", "{{instance}}")],
            width=12,
        ),
        Panel(
            50,
            Graph(stack=True, many=True),
            Text("Dead letters in an hour, by topic and reason", "每小时死信（按主题与原因）"),
            Text(
                "Which records could not be processed, and why? Each is in shipment-dead-letters "
                "with its original bytes.",
                "哪些记录无法处理，原因是什么？原始内容保存在 shipment-dead-letters。",
            ),
            "short",
            [
                Query(
                    "sum by (topic, reason) "
                    f"({grown(f'shipsentry_dead_letters_total{{{T}}}', 1)}) > 0",
                    "{{topic}} · {{reason}}",
                )
            ],
            width=12,
            empty=Text("no record became a dead letter in this time", "该时段内没有死信"),
            least=0,
        ),
        Panel(
            52,
            Graph(stack=True),
            Text("Rule failures in an hour", "每小时规则出错"),
            Text(
                "Which rule raises while judging? Its warnings are missing meanwhile.",
                "哪条规则判定时出错？期间该规则的预警会缺失。",
            ),
            "short",
            [
                Query(
                    f"sum by (rule) ({grown(f'shipsentry_rule_failures_total{{{W}}}', 1)})",
                    "{{rule}}",
                )
            ],
            width=12,
            empty=Text("no rule ever failed", "规则从未出错"),
            names=words.RULES,
            least=0,
        ),
        Panel(
            82,
            Graph(stack=True, many=True),
            Text("Unknown names in an hour", "每小时未知名称"),
            Text(
                "Which carriers and platforms does no table of aliases hold? A pack's aliases.toml "
                "adds them; until then each is one of its own.",
                "哪些承运商和平台名称不在别名表中？可在 aliases.toml 中添加；在此之前各算各的。",
            ),
            "short",
            [
                Query(
                    "sum by (kind, called) "
                    f"({grown(f'shipsentry_unknown_names_total{{{W}}}', 1)}) > 0",
                    "{{kind}} · {{called}}",
                )
            ],
            width=24,
            empty=Text("every name is known", "没有未知名称"),
            least=0,
        ),
        Panel(
            103,
            Graph(stack=True),
            Text("Plain keys in an hour", "每小时明文密钥"),
            Text(
                "How many keys of recipients read as plain text (a name, a phone, an address)? "
                "They are not kept; their producer should send keyed hashes.",
                "收件人密钥中有多少是明文（姓名、电话、地址）？系统不予保存，数据源应改发加密哈希。",
            ),
            "short",
            [
                Query(
                    "sum by (topic, field) "
                    f"({grown(f'shipsentry_plain_keys_total{{{T}}}', 1)}) > 0",
                    "{{topic}} · {{field}}",
                )
            ],
            width=24,
            empty=Text("no key reads as plain text", "没有明文密钥"),
            least=0,
        ),
        Panel(
            51,
            Graph(),
            Text("Late facts in an hour", "每小时过期信息"),
            Text(
                "How many facts come so late that they change nothing any more? A source that "
                "replays its past does this.",
                "多少信息晚到已不起作用？通常是数据源重放历史。",
            ),
            "short",
            [
                Query(
                    f"sum by (topic) ({grown(f'shipsentry_late_facts_total{{{T}}}', 1)})",
                    "{{topic}}",
                )
            ],
            width=8,
            empty=Text("no fact ever came too late", "从未有信息过期"),
            least=0,
        ),
        Panel(
            53,
            Graph(),
            Text("Records sent home", "转回所属分区的记录"),
            Text(
                "Which share do producers put on another partition than ours? It costs a second "
                "pass; a producer with our partitioner avoids it.",
                "生产方有多大比例写到了错误分区？会多处理一遍，生产方改用相同分区算法即可避免。",
            ),
            "percentunit",
            [Query(_of("sent_home"), "{{topic}}")],
            width=8,
            empty=IDLE,
            least=0,
            most=1,
        ),
        Panel(
            54,
            Graph(),
            Text("Records repeated", "重复的记录"),
            Text(
                "Which share of the records tells nothing new? Sources that send the whole history "
                "each time have a large one; a jump means that somebody replays.",
                "多大比例的记录没有新内容？每次推送完整轨迹的来源比例较高；突增说明有人在重放。",
            ),
            "percentunit",
            [Query(_of("repeated"), "{{topic}}")],
            width=8,
            empty=IDLE,
            least=0,
            most=1,
        ),
        Panel(
            ALERTS_PANEL,
            Table(
                [
                    Column("alertname", Text("Alert", "告警"), names=words.ALERTS, width=230),
                    Column("urgency", Text("Severity", "级别"), codes=URGENCY, width=90),
                    Column(
                        "runbook",
                        Text("What to do", "处理办法"),
                        link=Link(
                            Text("Open the runbook at this alert", "打开该告警的处理手册"),
                            "runbook",
                            "viewPanel=${__value.text}",
                            variables=False,
                        ),
                        width=95,
                    ),
                    Column("rule", Text("Rule", "规则"), names=words.RULES),
                    Column("stage", Text("Stage", "阶段"), names=words.STAGES),
                    Column("carrier", Text("Carrier", "承运商"), names=words.CARRIERS),
                    Column("platform", Text("Platform", "平台"), names=words.PLATFORMS),
                    Column("shop", Text("Shop", "店铺"), names=words.SHOPS),
                    Column("line", Text("Line", "考核线"), names=words.LINES),
                    Column("topic", Text("Topic", "主题"), width=147),
                    Column("reason", Text("Reason", "原因")),
                    Column("table", Text("Table", "状态表"), names=words.TABLES),
                    Column("profile", Text("Profile", "规则版本")),
                    Column("source", Text("Source", "来源"), width=70),
                    Column("instance", Text("Worker", "工作进程")),
                ],
                sort=1,
                descending=False,
                hidden=(
                    *("__name__", "alertstate", "channel", "feed", "job", "process", "severity"),
                    "Value",
                ),
            ),
            Text("Alerts that fire", "正在触发的告警"),
            Text(
                "What is wrong, and what is to be done? The number leads to the alert's section of "
                "the runbook.",
                "出了什么问题，怎么处理？点击编号打开处理手册对应章节。",
            ),
            "none",
            [Query(_by_urgency(f'label_replace({ALERTS}, "runbook", "$1", "alertname", "(.+)")'))],
            width=24,
            height=9,
            empty=Text("no alert fires", "没有告警触发"),
        ),
    ],
)

MEMBERSHIP = Row(
    Text("Membership", "消费组成员"),
    [
        Panel(
            60,
            Graph(),
            Text("Heartbeat age", "心跳间隔"),
            Text(
                "How long ago did the broker accept each worker's heartbeat? A worker whose "
                "session ends loses its partitions.",
                "Kafka 上次接受各工作进程心跳是多久前？会话超时将失去分区。",
            ),
            "s",
            [Query(_max("shipsentry_heartbeat_age_seconds", "instance"), "{{instance}}")],
            width=6,
            empty=NO_HEARTBEAT,
            least=0,
        ),
        Panel(
            61,
            Graph(),
            Text("Assignments in an hour", "每小时分区分配"),
            Text(
                "How often were the partitions dealt out anew? Each time, what is owned is "
                "restored and counted again.",
                "分区重新分配了多少次？每次都要恢复并重新统计。",
            ),
            "short",
            [
                Query(
                    f"sum by (instance) ({grown(f'shipsentry_assignments_total{{{W}}}', 1)})",
                    "{{instance}}",
                )
            ],
            width=6,
            least=0,
        ),
        Panel(
            62,
            Graph(),
            Text("Chunks dropped in an hour", "每小时丢弃的批次"),
            Text(
                "How much work is thrown away because its partition was taken? The next owner "
                "reads it again, nothing is lost.",
                "因分区被收回而放弃了多少批次？新持有者会重新读取，不会丢失。",
            ),
            "short",
            [
                Query(
                    f"sum by (instance) ({grown(f'shipsentry_dropped_chunks_total{{{W}}}', 1)})",
                    "{{instance}}",
                )
            ],
            width=6,
            least=0,
        ),
        Panel(
            63,
            Graph(),
            Text("How far deadlines lag", "时限滞后"),
            Text(
                "How far behind the clock does each worker judge deadlines?",
                "各工作进程判定时限比时钟晚多少？",
            ),
            "s",
            [Query(_max("shipsentry_gate_lag_seconds", "instance"), "{{instance}}")],
            width=6,
            empty=ALL_HELD,
            steps=SECONDS_BEHIND,
            least=0,
        ),
    ],
)

PROCESS = Row(
    Text("Process", "进程"),
    [
        Panel(
            70,
            Graph(),
            Text("Memory", "内存"),
            Text("How much memory does each worker hold?", "各工作进程占用多少内存？"),
            "bytes",
            [Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}} {{process}}")],
            width=6,
            least=0,
        ),
        Panel(
            71,
            Graph(),
            Text("CPU", "CPU"),
            Text(
                "How many cores does each worker use? One is nearly all that a Python process can.",
                "各工作进程使用多少核？单个 Python 进程上限约为 1 核。",
            ),
            "none",
            [
                Query(
                    f"rate(process_cpu_seconds_total{{{JOB}}}[{RATE}])", "{{instance}} {{process}}"
                )
            ],
            width=6,
            least=0,
        ),
        Panel(
            72,
            Graph(),
            Text("Open files", "打开的文件"),
            Text(
                "Which share of the files and sockets that it may open has each worker opened?",
                "各工作进程打开的文件与连接占上限多少？",
            ),
            "percentunit",
            [
                Query(
                    f"process_open_fds{{{JOB}}} / process_max_fds{{{JOB}}}",
                    "{{instance}} {{process}}",
                )
            ],
            width=6,
            steps=(GOOD, Step(0.8, "red")),
            least=0,
        ),
        Panel(
            73,
            Graph(),
            Text("Garbage collections", "垃圾回收"),
            Text(
                "How often does Python collect garbage, by generation?",
                "Python 垃圾回收频率（按代）？",
            ),
            "cps",
            [
                Query(
                    f"sum by (generation) (rate(python_gc_collections_total{{{JOB}}}[{RATE}]))",
                    "{{generation}}",
                )
            ],
            width=6,
            least=0,
        ),
        Panel(
            74,
            Graph(),
            Text("Processes of one worker", "同一工作进程的子进程"),
            Text(
                "Which processes of `worker --processes` do not answer, which were started again?",
                "`worker --processes` 的哪些子进程没有响应，哪些被重新启动？",
            ),
            "none",
            [
                Query(
                    f"min by (instance, process) (shipsentry_process_up{{{W}}})",
                    Text("{{instance}} {{process}} · answers", "{{instance}} {{process}} · 有响应"),
                ),
                Query(
                    "sum by (instance, process) "
                    f"({grown(f'shipsentry_process_restarts_total{{{W}}}', 1)})",
                    Text(
                        "{{instance}} {{process}} · starts in an hour",
                        "{{instance}} {{process}} · 每小时重启次数",
                    ),
                ),
            ],
            width=24,
            empty=Text("no worker has several processes", "没有多进程的工作进程"),
            least=0,
        ),
    ],
)

INGEST_EMPTY = Text("no ingest service is scraped, or nothing came", "未采集到接收服务，或没有推送")

ASKS_EMPTY = Text("no platform is asked for orders", "未配置向平台补查订单")


def _ingest(metric: str, by: str) -> str:
    """Of all services: they are no workers, so the choice of workers is not about them."""
    return f"sum by ({by}) (rate({metric}[{RATE}]))"


INGEST = Row(
    Text("Ingest", "数据接收"),
    [
        Panel(
            90,
            Graph(log=True),
            Text("Requests of sources", "来源推送请求"),
            Text(
                "What becomes of the requests that carriers, aggregators and shops push?",
                "快递公司、查询平台与店铺推送的请求处理结果如何？",
            ),
            "cps",
            [Query(_ingest("shipsentry_ingest_requests_total", "outcome"), "{{outcome}}")],
            width=6,
            empty=INGEST_EMPTY,
            names=words.INGEST_OUTCOMES,
        ),
        Panel(
            91,
            Graph(),
            Text("Time to answer", "应答耗时"),
            Text(
                "How long does the slowest hundredth of requests take, by source?",
                "各来源最慢的百分之一请求耗时多久？",
            ),
            "s",
            [
                Query(
                    "histogram_quantile(0.99, sum by (source,le) "
                    f"(rate(shipsentry_ingest_seconds_bucket[{RATE}])))",
                    "{{source}}",
                )
            ],
            width=6,
            empty=INGEST_EMPTY,
            steps=(GOOD, Step(1, "orange"), Step(4, "red")),
            least=0,
        ),
        Panel(
            92,
            Graph(log=True),
            Text("Records of sources", "来源推送记录"),
            Text(
                "How many records do the sources bring, by source and topic?",
                "各来源向各主题写入多少记录？",
            ),
            "cps",
            [
                Query(
                    _ingest("shipsentry_ingest_records_total", "source, topic"),
                    "{{source}} · {{topic}}",
                )
            ],
            width=6,
            empty=INGEST_EMPTY,
        ),
        Panel(
            93,
            Graph(log=True),
            Text("Said too little", "信息不足"),
            Text(
                "How much of what sources say is not fully known: codes that no table has, orders "
                "of which their API knows more, parts that are no message?",
                "来源所述有多少不完整：码表中没有的代码、需向平台接口补查的订单、不构成消息的部分？",
            ),
            "cps",
            [
                Query(
                    _ingest("shipsentry_ingest_unknown_codes_total", "source"),
                    Text("{{source}} · code unknown", "{{source}} · 代码未知"),
                ),
                Query(
                    _ingest("shipsentry_ingest_wanted_orders_total", "source"),
                    Text("{{source}} · order wanted", "{{source}} · 订单待补查"),
                ),
                Query(
                    _ingest("shipsentry_ingest_passed_total", "source, reason"),
                    "{{source}} · {{reason}}",
                ),
            ],
            width=6,
            empty=INGEST_EMPTY,
        ),
        Panel(
            94,
            Graph(log=True),
            Text("Questions to platforms", "平台补查"),
            Text(
                "What becomes of the questions about orders of which pushes say too little?",
                "推送信息不足的订单向平台补查，结果如何？",
            ),
            "cps",
            [Query(_ingest("shipsentry_ingest_asks_total", "outcome"), "{{outcome}}")],
            width=6,
            empty=ASKS_EMPTY,
            names=words.INGEST_ASK_OUTCOMES,
        ),
        Panel(
            95,
            Graph(),
            Text("Time that platforms take", "平台应答耗时"),
            Text(
                "How long does the slowest tenth of questions about orders take, by source?",
                "各来源最慢的十分之一补查耗时多久？",
            ),
            "s",
            [
                Query(
                    "histogram_quantile(0.9, sum by (source,le) "
                    f"(rate(shipsentry_ingest_ask_seconds_bucket[{RATE}])))",
                    "{{source}}",
                )
            ],
            width=6,
            empty=ASKS_EMPTY,
            steps=(GOOD, Step(2, "orange"), Step(10, "red")),
            least=0,
        ),
        Panel(
            96,
            Graph(),
            Text("Orders to be asked for", "待补查订单"),
            Text(
                "How many orders wait until their platform is asked? `other`: no feed asks here.",
                "各数据源有多少订单等待向平台补查？other 表示没有数据源负责补查。",
            ),
            "short",
            [
                Query(
                    "max by (source, feed) (shipsentry_ingest_asks_waiting)",
                    "{{source}} · {{feed}}",
                )
            ],
            width=6,
            empty=ASKS_EMPTY,
            least=0,
        ),
        Panel(
            97,
            Graph(),
            Text("Longest wait for a platform", "补查最长等待"),
            Text(
                "How long has an order been waiting until its platform is asked? 0: none waits.",
                "订单等待向平台补查已有多久？没有等待为 0。",
            ),
            "s",
            [
                Query(
                    "max by (source, feed) (shipsentry_ingest_asks_oldest_seconds)",
                    "{{source}} · {{feed}}",
                )
            ],
            width=6,
            empty=ASKS_EMPTY,
            steps=(GOOD, Step(60, "orange"), Step(900, "red")),
            least=0,
        ),
    ],
)

DESK_EMPTY = Text("no desk is scraped", "未采集到工作台")
DESK_QUIET = Text("no desk is scraped, or nothing came", "未采集到工作台，或没有请求")

DESK_TELLS_NOBODY = Text("no desk is scraped that tells people", "未采集到启用通知的工作台")

DESK = Row(
    Text("Desk", "工作台"),
    [
        Panel(
            120,
            Graph(log=True),
            Text("Requests at the desk", "工作台请求"),
            Text(
                "How much do people and programs ask of the desk, and how is it answered?",
                "人员与程序对工作台的请求有多少，结果如何？",
            ),
            "cps",
            [
                Query(
                    f"sum by (status) (rate(shipsentry_desk_requests_total[{RATE}]))", "{{status}}"
                )
            ],
            width=6,
            empty=DESK_QUIET,
        ),
        Panel(
            121,
            Graph(),
            Text("Time to answer at the desk", "工作台应答耗时"),
            Text(
                "How long does the slowest hundredth of requests wait, by page?",
                "各页面最慢的百分之一请求等待多久？",
            ),
            "s",
            [
                Query(
                    "histogram_quantile(0.99, sum by (route,le) "
                    f"(rate(shipsentry_desk_request_seconds_bucket[{RATE}])))",
                    "{{route}}",
                )
            ],
            width=6,
            empty=DESK_QUIET,
            steps=(GOOD, Step(0.5, "orange"), Step(2.5, "red")),
            least=0,
        ),
        Panel(
            122,
            Graph(),
            Text("How far behind", "滞后时间"),
            Text(
                "How old is what the desk has last taken of a topic while more waits, and for how "
                "long have actions waited for their publication?",
                "各主题仍有待读记录时，工作台最新读到的记录有多旧？处理动作等待发布多久？",
            ),
            "s",
            [
                Query("max by (topic) (shipsentry_desk_lag_seconds)", "{{topic}}"),
                Query(
                    "max(shipsentry_desk_actions_waiting_seconds)",
                    Text("actions", "处理动作"),
                ),
            ],
            width=6,
            empty=DESK_EMPTY,
            steps=(GOOD, Step(60, "orange"), Step(300, "red")),
            least=0,
        ),
        Panel(
            123,
            Graph(log=True),
            Text("Records of the desk", "工作台接收记录"),
            Text(
                "What becomes of the records that the desk reads?",
                "工作台读到的记录处理结果如何？",
            ),
            "cps",
            [
                Query(
                    f"sum by (outcome) (rate(shipsentry_desk_records_total[{RATE}]))", "{{outcome}}"
                )
            ],
            width=6,
            empty=DESK_EMPTY,
            names=words.DESK_OUTCOMES,
        ),
        Panel(
            124,
            Graph(),
            Text("Sign-ins", "登录"),
            Text(
                "How many sign in, how many with a wrong password, how many are kept waiting?",
                "登录成功、密码错误与被限流的次数各是多少？",
            ),
            "short",
            [
                Query(
                    "sum by (outcome) (increase(shipsentry_desk_sign_ins_total[1h]))", "{{outcome}}"
                )
            ],
            width=6,
            empty=DESK_EMPTY,
            names=words.SIGN_INS,
            least=0,
        ),
        Panel(
            125,
            Graph(),
            Text("Desks and who listens", "工作台与实时连接"),
            Text(
                "How many desks are ready, how many pages wait for news, how many connections to "
                "the database are in use?",
                "有多少工作台就绪？有多少页面在等待更新？数据库连接占用多少？",
            ),
            "short",
            [
                Query("sum(shipsentry_desk_ready)", Text("ready", "就绪")),
                Query("sum(shipsentry_desk_event_streams)", Text("pages", "页面")),
                Query(
                    'sum(shipsentry_desk_database_connections{state="in_use"})',
                    Text("connections", "连接"),
                ),
            ],
            width=6,
            empty=DESK_EMPTY,
            least=0,
        ),
        Panel(
            126,
            Graph(),
            Text("Errors of the database", "数据库错误"),
            Text(
                "How many statements failed within five minutes, and why?",
                "五分钟内有多少语句失败，原因是什么？",
            ),
            "short",
            [
                Query(
                    "sum by (kind) (increase(shipsentry_desk_database_errors_total[5m]))",
                    "{{kind}}",
                )
            ],
            width=6,
            empty=DESK_EMPTY,
            names=words.DATABASE_ERRORS,
            least=0,
        ),
        Panel(
            127,
            Graph(),
            Text("Size of the database", "数据库大小"),
            Text(
                "How large is the desk's database? Old rows are pruned every hour.",
                "工作台数据库有多大？过期数据每小时清理一次。",
            ),
            "bytes",
            [Query("max(shipsentry_desk_database_bytes)", Text("database", "数据库"))],
            width=6,
            empty=DESK_EMPTY,
            least=0,
        ),
        Panel(
            128,
            Graph(log=True),
            Text("Warnings at the desk", "工作台中的预警"),
            Text(
                "How many warnings does the desk have, by state?",
                "工作台中各状态的预警有多少？",
            ),
            "short",
            [Query("max by (state) (shipsentry_desk_warnings)", "{{state}}")],
            width=6,
            empty=DESK_EMPTY,
            names=words.STATES,
            colours=words.STATE_COLOURS,
        ),
        Panel(
            129,
            Graph(log=True),
            Text("What waits", "待处理"),
            Text(
                "How many records does the desk still have to read, and how many actions still to "
                "publish?",
                "工作台还有多少记录待读取，多少处理动作待发布？",
            ),
            "short",
            [
                Query("sum by (topic) (shipsentry_desk_lag_records)", "{{topic}}"),
                Query("max(shipsentry_desk_actions_waiting)", Text("actions", "处理动作")),
            ],
            width=6,
            empty=DESK_EMPTY,
        ),
        Panel(
            130,
            Graph(),
            Text("Room on the disk", "磁盘剩余空间"),
            Text(
                "Which share of the disk below SQLite is free?",
                "SQLite 所在磁盘的剩余比例是多少？",
            ),
            "percentunit",
            [Query("min(shipsentry_desk_disk_free_ratio)", Text("free", "剩余"))],
            width=6,
            empty=Text("no desk with SQLite is scraped", "未采集到使用 SQLite 的工作台"),
            least=0,
            most=1,
        ),
        Panel(
            131,
            Graph(log=True),
            Text("Rows that were pruned", "已清理的数据"),
            Text(
                "How many rows were deleted in the last day, because their time was over?",
                "过去一天清理了多少过期数据？",
            ),
            "short",
            [
                Query(
                    "sum by (table) (increase(shipsentry_desk_pruned_rows_total[1d]))", "{{table}}"
                )
            ],
            width=6,
            empty=DESK_EMPTY,
        ),
        Panel(
            132,
            Graph(log=True),
            Text("Notifications sent", "通知发送"),
            Text(
                "What comes of attempts to tell people, by channel, within an hour?",
                "过去一小时各渠道的通知尝试结果如何？",
            ),
            "short",
            [
                Query(
                    "sum by (channel,outcome) (increase(shipsentry_desk_notifications_total[1h]))",
                    "{{channel}} {{outcome}}",
                )
            ],
            width=6,
            empty=DESK_TELLS_NOBODY,
        ),
        Panel(
            133,
            Graph(log=True),
            Text("Notifications to come", "待发送通知"),
            Text(
                "How much is to be told on each channel, how many messages are queued, and how "
                "many were given up?",
                "各渠道有多少待通知、排队与已搁置的消息？",
            ),
            "short",
            [
                Query(
                    "max by (channel,kind) (shipsentry_desk_notifications_waiting)",
                    "{{channel}} {{kind}}",
                ),
                Query(
                    "max by (channel) (shipsentry_desk_notifications_parked)",
                    Text("{{channel}} given up", "{{channel}} 已搁置"),
                ),
            ],
            width=6,
            empty=DESK_TELLS_NOBODY,
        ),
        Panel(
            134,
            Graph(),
            Text("How late notifications are", "通知延误"),
            Text(
                "For how long could the oldest on each channel have been sent, and was not?",
                "各渠道最早的待发通知已延误多久？",
            ),
            "s",
            [Query("max by (channel) (shipsentry_desk_notifications_late_seconds)", "{{channel}}")],
            width=12,
            empty=DESK_TELLS_NOBODY,
            steps=(GOOD, Step(120, "orange"), Step(900, "red")),
            least=0,
        ),
    ],
)

RUNNING = Row(
    Text("What runs", "运行版本"),
    [
        Panel(
            80,
            Table(
                [
                    Column("instance", Text("Worker", "工作进程"), width=150),
                    Column("version", Text("ShipSentry", "ShipSentry")),
                    Column("python", Text("Python", "Python")),
                    Column("faust", Text("Faust", "Faust")),
                    Column("librdkafka", Text("librdkafka", "librdkafka")),
                    Column(1, Text("Running for", "已运行"), unit="s", missing="–"),
                ],
                sort=0,
                descending=False,
                hidden=("Value #A",),
            ),
            Text("What runs where", "运行版本"),
            Text(
                "Which versions run where, and since when?",
                "各进程运行的是什么版本，已运行多久？",
            ),
            "none",
            [
                Query(
                    "max by (instance, version, python, faust, librdkafka) "
                    f"(shipsentry_build_info{{{W}}})"
                ),
                Query(f"max by (instance) (time() - process_start_time_seconds{{{JOB}}})"),
            ],
            width=12,
        ),
        Panel(
            81,
            Table(
                [
                    Column("profile", Text("Profile", "规则版本")),
                    Column("platform", Text("Platform", "平台"), names=words.PLATFORMS),
                    Column(
                        0,
                        Text("In force", "生效中"),
                        unit="none",
                        codes=(
                            Code(0, Text("no", "否"), "text"),
                            Code(1, Text("yes", "是"), "green"),
                        ),
                    ),
                    Column(
                        1,
                        Text("Text last read", "原文查阅距今"),
                        unit="s",
                        steps=(GOOD, Step(31 * 86400, "orange"), Step(90 * 86400, "red")),
                        missing="–",
                    ),
                ],
                sort=2,
            ),
            Text("Rule profiles", "规则版本"),
            Text(
                "By which rules do we judge, and how long ago did somebody read the platform's "
                "text? Platforms change them monthly.",
                "按哪些规则判定？平台原文上次查阅是多久前？平台规则每月都可能变化。",
            ),
            "none",
            [
                Query(_max("shipsentry_profile_info", "profile, platform")),
                Query(
                    "time() - max by (profile, platform) "
                    f"(shipsentry_profile_read_timestamp_seconds{{{W}}})"
                ),
            ],
            width=12,
        ),
    ],
)

PIPELINE = Board(
    "pipeline",
    Text("Pipeline health", "系统运行状况"),
    Text(
        "Is everything read, judged and published in time, and if not, where does it hang?",
        "数据是否及时读取、判定并发布？如果没有，卡在哪里？",
    ),
    [
        Variable("instance", Text("Worker", "工作进程"), 'up{job="shipsentry"}', "instance"),
        Variable(
            "topic",
            Text("Topic", "主题"),
            '{__name__=~"shipsentry_(records_total|lag_records)",instance=~"$instance"}',
            "topic",
        ),
    ],
    [
        NOW,
        THROUGHPUT,
        LATENCY,
        BUFFERS,
        LAG,
        STATE,
        PROBLEMS,
        MEMBERSHIP,
        PROCESS,
        INGEST,
        DESK,
        RUNNING,
    ],
    since="now-3h",
)
