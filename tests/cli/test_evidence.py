"""`shipsentry evidence`: the bundle from files and from Kafka, and what is kept out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka_server import KafkaServer
from support.builders import (
    BORIS,
    HANGZHOU,
    HOUR,
    PAID,
    PICKED,
    UPLOADED,
    arriving,
    order,
    picked_up,
    record,
    upload,
)

from streams.evidence.shown import SHOWN
from streams.outputs.check_answer import order_hash
from streams.settings import load_settings
from streams.texts.wording import Wording

Run = Callable[..., Result]
Message = dict[str, Any]

PRIVATE = "张三丰 13800138000 西湖区文三路 1 号"
UNKNOWN = "0" * 32
HOSTILE = "<IMG SRC=X ONERROR=ALERT(1)>&\"'{0}%S"
#: English names that are the contract's.
SAME = {("en", name) for name in ("carrier", "platform", "source", "presale", "currency")}
ORDERS = [
    order("4920000000000000001", recipient={**BORIS, "name": PRIVATE}),
    order("2", closed_reason=PRIVATE),
]
TRACKING = [
    upload("4920000000000000001", description=PRIVATE),
    upload(["2"], UPLOADED + HOUR, recipient={**HANGZHOU, "address_key": "key-of-anna"}),
    picked_up(location={**HANGZHOU, "site": "杭州中转部"}, description=PRIVATE, phone=PRIVATE),
    record("hub", PICKED + 30 * HOUR),
]


class Page(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self.text += data


def replayed(
    run: Run, root: Path, orders: list[Message] = ORDERS, tracking: list[Message] = TRACKING
) -> tuple[list[str], list[Message]]:
    """Options that name a replayed history, and its revisions."""
    paths = {name: root / f"{name}.jsonl" for name in ("orders", "tracking", "warnings")}
    for name, lines in (("orders", orders), ("tracking", tracking)):
        text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
        # A blank line does not move the offsets of those after it away from their lines.
        paths[name].write_text("\n" + text + "\n", "utf-8")
    options = ["--orders", str(paths["orders"]), "--tracking", str(paths["tracking"])]
    assert run("replay", *options, "--log", "--out", str(paths["warnings"])).exit_code == 0
    revisions = [json.loads(line) for line in paths["warnings"].read_text("utf-8").splitlines()]
    return ["--warnings", str(paths["warnings"]), *options], revisions


def chosen(revisions: list[Message], rule: str, stage: str = "violation") -> str:
    """The id of the only warning of a rule and stage."""
    (found,) = {
        one["warning_id"] for one in revisions if (one["rule"], one["stage"]) == (rule, stage)
    }
    return str(found)


def read(directory: Path) -> tuple[Message, str]:
    """A bundle's data and page, its digests checked."""
    sums = (directory / "SHA256SUMS").read_text().splitlines()
    for line in sums:
        digest, _, name = line.partition("  ")
        assert sha256((directory / name).read_bytes()).hexdigest() == digest
    evidence = json.loads((directory / "evidence.json").read_text("utf-8"))
    parts = {part["name"]: part["sha256"] for part in evidence["parts"]}
    assert {line.partition("  ")[2] for line in sums} == {*parts, "evidence.json"}
    for name, digest in parts.items():
        assert sha256((directory / name).read_bytes()).hexdigest() == digest
    return evidence, (directory / "evidence.html").read_text("utf-8")


def test_the_proof_of_a_clock(run: Run, tmp_path: Path) -> None:
    """Start, limit, deadline and end; both records, each with its digest, time and place."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    result = run("evidence", key, *files, "--out", str(tmp_path / "e"))
    assert result.exit_code == 0, result.output
    evidence, page = read(tmp_path / "e")
    lines = (tmp_path / "tracking.jsonl").read_bytes().splitlines()
    assert [
        (one["status"], one["offset"], one["sha256"], one["says_the_same"])
        for one in evidence["records"]
    ] == [
        ("picked_up", 3, sha256(lines[3]).hexdigest(), True),
        ("hub", 4, sha256(lines[4]).hexdigest(), True),
    ]
    assert evidence["clock"] == {
        "started_at": "2026-11-20T10:00:00+00:00",
        "limit_hours": 24,
        "threshold": {"limit_us": 86_400_000_000, "comparator": "gt"},
        "lane": None,
        "detail": None,
        "warned_from": "2026-11-21T04:00:00+00:00",
        "deadline": "2026-11-21T10:00:00+00:00",
        "breached_at": "2026-11-21T10:00:00+00:00",
        "ended_at": "2026-11-21T16:00:00+00:00",
    }
    assert [one["state"] for one in evidence["timeline"]] == ["open", "breached", "resolved"]
    assert evidence["profile"]["source_url"].startswith("https://school.jinritemai.com/")
    assert evidence["profile"]["read_on"] == "2026-08-22"
    text = Page(page).text
    for shown in (
        *("2026-11-20 18:00:00", "2026-11-20 10:00:00"),
        *("超过 24 小时 / more than 24 h", "杭州中转部", "tracking-update 0/3"),
        *(evidence["profile"]["source_url"], "2026-08-22", evidence["records"][0]["sha256"]),
    ):
        assert shown in text


def test_a_hand_over_is_the_sellers_word(run: Run, tmp_path: Path) -> None:
    """Manifest, hour and place stand in a part of their own, which is left out without any."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    told = ["--manifest", "M-<77>", "--handed-over-at", "2026-11-20T17:40:00+08:00"]
    told += ["--handed-over-place", "杭州市余杭区"]
    assert run("evidence", key, *files, *told, "--out", str(tmp_path / "e")).exit_code == 0
    evidence, page = read(tmp_path / "e")
    assert evidence["handed_over"] == {
        "manifest_id": "M-<77>",
        "at": "2026-11-20T09:40:00+00:00",
        "place": "杭州市余杭区",
    }
    for text in ("M-&lt;77&gt;", "2026-11-20 17:40:00 UTC+8", "杭州市余杭区", "Hand-over"):
        assert text in page
    assert run("evidence", key, *files, "--out", str(tmp_path / "none")).exit_code == 0
    bare, page = read(tmp_path / "none")
    assert bare["handed_over"] is None
    assert "Hand-over" not in page


def test_the_zone_and_the_appeal_are_said(run: Run, tmp_path: Path) -> None:
    """Beside the profile's source."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    evidence, page = read(tmp_path / "e")
    assert (evidence["profile"]["zone"], evidence["profile"]["appeal_days"]) == ("+08:00", 7)
    assert "within 7 days of the platform&#x27;s judgement" in page


def test_the_proof_of_a_duplicate(run: Run, tmp_path: Path) -> None:
    """Both uploads; the order that the warning does not name only as a hash."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "duplicate_tracking_number")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    evidence, page = read(tmp_path / "e")
    assert [one["fields"]["order_ids"] for one in evidence["records"]] == [
        [order_hash("4920000000000000001")],
        ["2"],
    ]
    earlier = order_hash("4920000000000000001")
    assert evidence["advice"] == [{"code": "earlier_order", "value": earlier}]
    assert evidence["remedy"]["zh"].endswith(f"此单号先前已用于订单 {earlier}。")
    assert evidence["remedy"]["en"].endswith(f"The number was used before for order {earlier}.")
    assert page.count(earlier) == 3
    assert "4920000000000000001" not in page + json.dumps(evidence)


def course(page: str) -> list[list[str]]:
    """The rows of the table that says how the warning went: each cell's text."""
    table = page.partition('<table class="course">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(<td.*?)</tr>", table)
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<td.*?>(.*?)</td>", row)
        ]
        for row in rows
    ]


@pytest.mark.parametrize(
    ("lang", "warned_from", "proved_by", "delivered"),
    [
        ("zh", "开始预警", "新增证明记录", "签收"),
        ("en", "Warned from", "Now proved by", "delivered"),
    ],
)
def test_the_course_says_what_each_revision_changed(
    run: Run, tmp_path: Path, lang: str, warned_from: str, proved_by: str, delivered: str
) -> None:
    """A mismatch that is shown by one record and then by a later one: both rows are open, at one
    moment, and differ in when it holds from and in what proves it."""
    at = PICKED + 30 * HOUR
    tracking = [
        upload("1"),
        picked_up(),
        arriving(record("arrived_dest_city", at, location=HANGZHOU), at + 2 * HOUR),
        arriving(record("delivered", at + HOUR, location=HANGZHOU), at + 2 * HOUR),
    ]
    files, revisions = replayed(run, tmp_path, [order("1")], tracking)
    key = chosen(revisions, "address_mismatch")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e"), "--lang", lang).exit_code == 0
    evidence, page = read(tmp_path / "e")
    first, second = course(page)
    assert first[:3] == second[:3]
    assert first[3] == f"{warned_from} 2026-11-22 00:00:00"
    assert second[3] == (
        f"{warned_from} 2026-11-22 01:00:00 {proved_by} {delivered} 2026-11-22 01:00:00"
    )
    assert evidence["timeline"][0]["changed"] == {}
    changed = evidence["timeline"][1]["changed"]
    assert changed["opened_at"] == "2026-11-21T17:00:00+00:00"
    assert [one["status"] for one in changed["records"]] == ["delivered"]


def test_a_revision_that_changes_nothing_says_so(run: Run, tmp_path: Path) -> None:
    """Two revisions may be equal, as after a crash: the row says that it was published again."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    last = [one for one in revisions if one["warning_id"] == key][-1]
    with (tmp_path / "warnings.jsonl").open("a") as file:
        file.write(json.dumps({**last, "revision": last["revision"] + 1}) + "\n")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    rows = course(read(tmp_path / "e")[1])
    assert [row[2] for row in rows] == [
        "预警中 / open",
        "已超时 / breached",
        *["已结束 / resolved"] * 2,
    ]
    assert rows[3][3] == "再次发布，内容未变 / published again, unchanged"
    assert len({row[3] for row in rows}) == 4


def test_every_change_is_shown(run: Run, tmp_path: Path) -> None:
    """Whatever a revision says otherwise than the one before it stands in its row, in words."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    last = [one for one in revisions if one["warning_id"] == key][-1]
    changes: list[tuple[Message, str]] = [
        ({"severity": "info"}, "级别 / Severity 提示 / info"),
        ({"shop_id": None}, "店铺 / Shop 无 / none"),
        ({"order_ids": ["2", "<b>"]}, "订单 / Orders 2, &lt;b&gt;"),
        ({"profile": "p-2"}, "规则版本 / Rule profile p-2"),
        ({"deadline": None}, "截止 / Deadline –"),
        (
            {"exposure": {"kind": "compensation", "currency": "CNY", "least": 100, "most": 250}},
            "可能的后果 / What it may cost 向买家赔付 CNY 1.00–2.50 / "
            "compensation of the buyer, CNY 1.00–2.50",
        ),
        ({"evidence": {"limit_hours": 48}}, "时限 / Limit 48 小时 / 48 h"),
        (
            {"evidence": {"lane": "near"}},
            "线路 / Lane 省内或邻近地区 / within a province or region",
        ),
        ({"evidence": {"detail": "city"}}, "所见 / What was seen "),
        ({"evidence": {"exemptions": ["spring"]}}, "豁免（时限暂停） / "),
        (
            {"evidence": {"advice": [{"code": "goes_on_as", "value": "sf 1"}]}},
            "补充说明 / Worth knowing 包裹已转交，后续单号为 sf 1。 "
            "The parcel was handed over and goes on as sf 1.",
        ),
        (
            {"evidence": {"advice": [{"code": "new", "value": None}]}},
            "补充说明 / Worth knowing new",
        ),
    ]
    with (tmp_path / "warnings.jsonl").open("a") as file:
        for change, _ in changes:
            last = {
                **last,
                **change,
                "evidence": {**last["evidence"], **change.get("evidence", {})},
            }
            last["revision"] += 1
            file.write(json.dumps(last) + "\n")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    rows = course(read(tmp_path / "e")[1])[-len(changes) :]
    for row, (_, words) in zip(rows, changes, strict=True):
        assert row[3].startswith(words)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ({"amount_paid": 5200, "currency": "cny"}, "实付金额 CNY 52.00 ·"),
        ({"amount_paid": 5200, "currency": "JPY"}, "实付金额 JPY 5200 ·"),
        ({"amount_paid": 5200}, "实付金额 5200（最小货币单位） ·"),
    ],
)
def test_money_is_shown_in_major_units(
    run: Run, tmp_path: Path, amount: Message, words: str
) -> None:
    """The page says what was paid as people write it; the data keeps what was sent."""
    orders = [order("1", **amount), order("2", PAID + 47 * HOUR)]
    files, revisions = replayed(run, tmp_path, orders, [])
    key = chosen(revisions, "ship_overdue")
    run("evidence", key, *files, "--out", str(tmp_path / "e"), "--lang", "zh")
    evidence, page = read(tmp_path / "e")
    assert words in Page(page).text
    assert evidence["records"][0]["fields"]["amount_paid"] == 5200


def test_fields_of_records_have_names_in_both_languages() -> None:
    """Every field that a bundle may show is called something on the page, but time and status,
    which have columns."""
    for language in ("zh", "en"):
        words = Wording([language])
        for name in {*SHOWN} - {"status", "occurred_at"}:
            assert words.word("fields", name) != name or (language, name) in SAME
            assert words.word("fields", name).isascii() == (language == "en")


def test_what_contract_2_says_of_orders_and_records(run: Run, tmp_path: Path) -> None:
    """Promises, refund, parcels, the qualities of times; a `via` by its region; of a postal code
    five characters; where a parcel goes on."""
    warehouse = {
        **HANGZHOU,
        "postal_code": "310000-1234",
        "address_key": "key-of-w",
        "site": PRIVATE,
    }
    orders = [
        order(
            *("1", PAID + HOUR),
            promised_delivery_by=PAID + 90 * HOUR,
            refund_requested_at=PAID + HOUR,
            parcels_expected=2,
            via=warehouse,
        )
    ]
    goes_on = {"carrier": "sf", "tracking_number": "SF1", "name": PRIVATE}
    tracking = [
        upload("1"),
        picked_up(PAID, location={"country": "CN", "postal_code": 310000}, time_quality="exact"),
        record("handed_over", PAID + 30 * HOUR, next=goes_on),
    ]
    files, revisions = replayed(run, tmp_path, orders, tracking)
    run("evidence", chosen(revisions, "tracked_before_paid"), *files, "--out", str(tmp_path / "e"))
    evidence, page = read(tmp_path / "e")
    paid, _, first = (one["fields"] for one in evidence["records"])
    assert paid["promised_delivery_by"] == (PAID + 90 * HOUR).isoformat()
    assert paid["refund_requested_at"] == (PAID + HOUR).isoformat()
    assert paid["parcels_expected"] == 2
    assert paid["via"] == {**HANGZHOU, "postal_code": "31000"}
    assert first["location"] == {"country": "CN", "postal_code": "31000"}
    assert first["time_quality"] == "exact"
    assert evidence["advice"] == [{"code": "goes_on_as", "value": "sf SF1"}]
    assert "包裹已转交，后续单号为 sf SF1。" in Page(page).text
    key = chosen(revisions, "inactive_after_pickup")
    run("evidence", key, *files, "--out", str(tmp_path / "i"))
    evidence, page = read(tmp_path / "i")
    assert evidence["timeline"][-1]["changed"]["advice"] == evidence["advice"]
    assert "310000" not in json.dumps(evidence) + page


def test_a_withdrawn_warning(run: Run, tmp_path: Path) -> None:
    """It did not breach, did not end and costs nothing: the page waits for none of it."""
    tracking = [upload("1"), picked_up(), record("hub", PICKED + 30 * HOUR)]
    late = arriving(record("hub", PICKED + HOUR), PICKED + 22 * HOUR)
    files, revisions = replayed(run, tmp_path, [order("1")], [*tracking, late])
    key = chosen([one for one in revisions if one["state"] == "withdrawn"], "inactive_after_pickup")
    run("evidence", key, *files, "--out", str(tmp_path / "e"))
    evidence, page = read(tmp_path / "e")
    assert evidence["state"] == "withdrawn"
    assert page.count("没有 / never") == 2
    assert "尚未" not in page
    assert "nothing: the warning is withdrawn" in page
    assert "a strike against the shop" not in page


def test_times_that_nobody_measured_are_to_the_second(run: Run, tmp_path: Path) -> None:
    """When the page was made and when revisions were published; the data has the latter whole."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    run("evidence", key, *files, "--out", str(tmp_path / "e"))
    evidence, page = read(tmp_path / "e")
    assert re.fullmatch(r"[0-9-]+T[0-9:]{8}\+00:00", evidence["made_at"])
    assert evidence["timeline"][1]["detected_at"] == "2026-11-21T10:00:00.000001+00:00"
    assert course(page)[1][:2] == ["2026-11-21 18:00:00", "2026-11-21 10:00:00"]


def test_rules_that_are_still_in_force(run: Run, tmp_path: Path) -> None:
    """Without an end it is said since when, not from then to nothing."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    run("evidence", key, *files, "--out", str(tmp_path / "e"), "--lang", "en")
    text = Page(read(tmp_path / "e")[1]).text
    assert "In force since2026-07-09 00:00:00 UTC+8 (2026-07-08 16:00:00 UTC)Source" in text


def test_orders_of_earlier_revisions_are_hashes(run: Run, tmp_path: Path) -> None:
    """What a revision changed names an order only where the warning, as it is now, names it too."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    one = next(one for one in revisions if one["warning_id"] == key)
    named = (["7"], ["7", "another-shops-order"], ["7"])
    lines = [{**one, "revision": n, "order_ids": ids} for n, ids in enumerate(named)]
    (tmp_path / "warnings.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    evidence, page = read(tmp_path / "e")
    assert [row["changed"].get("order_ids") for row in evidence["timeline"]] == [
        None,
        ["7", order_hash("another-shops-order")],
        ["7"],
    ]
    assert order_hash("another-shops-order") in Page(page).text
    assert "another-shops-order" not in page + json.dumps(evidence)


def test_nothing_personal(run: Run, tmp_path: Path) -> None:
    """Free text, unknown fields and hashes of recipients are in no part, whatever the warning."""
    files, revisions = replayed(run, tmp_path)
    for number, key in enumerate({one["warning_id"] for one in revisions}):
        directory = tmp_path / str(number)
        assert run("evidence", key, *files, "--out", str(directory)).exit_code == 0
        assert sorted(path.name for path in directory.iterdir()) == [
            "SHA256SUMS",
            "evidence.html",
            "evidence.json",
        ]
        for path in directory.iterdir():
            text = path.read_text("utf-8")
            for secret in (PRIVATE, "13800138000", "address-boris", "person-boris", "key-of-anna"):
                assert secret not in text
                assert secret not in json.dumps(text)


def test_to_standard_output(run: Run, tmp_path: Path) -> None:
    """`--out -`: evidence.json without other parts; a remark goes elsewhere, no file is made."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    assert run("evidence", key, *files, "--out", str(tmp_path / "e")).exit_code == 0
    whole, _ = read(tmp_path / "e")
    lines = (tmp_path / "tracking.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "tracking.jsonl").write_text("\n".join(lines[:4]) + "\n", "utf-8")
    before = sorted(tmp_path.iterdir())
    result = run("evidence", key, *files, "--out", "-")
    assert result.exit_code == 0
    assert "there is no such line in tracking.jsonl" in result.stderr
    found = json.loads(result.stdout)
    assert found["parts"] == []
    assert [one["sha256"] for one in found["records"]] == [whole["records"][0]["sha256"], None]
    assert sorted(tmp_path.iterdir()) == before


def test_with_the_originals(run: Run, tmp_path: Path) -> None:
    """They lie beside, byte for byte, with a clear note; never by accident in a later bundle."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    out = ("--out", str(tmp_path / "e"))
    result = run("evidence", key, *files, *out, "--with-records")
    assert "may contain personal data" in result.output
    evidence, page = read(tmp_path / "e")
    assert evidence["originals_included"]
    assert "可能有收件人等个人信息" in page
    lines = (tmp_path / "tracking.jsonl").read_bytes().splitlines()
    assert (tmp_path / "e/records/tracking-update-0-3.json").read_bytes() == lines[3]
    assert "personal data" in (tmp_path / "e/records/README.txt").read_text("utf-8")
    again = run("evidence", key, *files, *out)
    assert again.exit_code == 1
    assert "originals of another bundle" in again.output


def test_hostile_values_are_text(run: Run, tmp_path: Path) -> None:
    """Numbers, ids, shops and places make no markup; the page loads and runs nothing."""
    tracking = [
        upload("</style><script>1</script>", number=HOSTILE, shop_id="<b>s", platform="douyin"),
        picked_up(number=HOSTILE, location={"site": "<svg onload=alert(1)>"}, raw_status="<i>"),
        record("hub", PICKED + 30 * HOUR, HOSTILE),
    ]
    orders = [order("</style><script>1</script>", shop_id='"><iframe src="//x">')]
    files, revisions = replayed(run, tmp_path, orders, tracking)
    keys = {one["warning_id"] for one in revisions}
    assert len(keys) > 2
    for number, key in enumerate(keys):
        directory = tmp_path / str(number)
        assert run("evidence", key, *files, "--out", str(directory)).exit_code == 0
        _, text = read(directory)
        page = Page(text)
        assert not page.tags & {"script", "img", "svg", "iframe", "link", "b", "i", "a", "form"}
        assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
        assert not re.search(r"url\(|@import|src=|href=", text.split("</style>")[0])
        assert "</STYLE><SCRIPT>" not in text
        if "ONERROR" in text:
            assert HOSTILE.replace('"', "") in page.text.replace('"', "")


@pytest.mark.parametrize(
    ("lang", "has", "lacks"),
    [
        ("zh", "揽收后无更新", "No update after the pickup"),
        ("en", "No update after", "揽收后无更新"),
    ],
)
def test_one_language(run: Run, tmp_path: Path, lang: str, has: str, lacks: str) -> None:
    """The page is in the language asked for; what came in records stays as it came."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    run("evidence", key, *files, "--out", str(tmp_path / "e"), "--lang", lang)
    _, page = read(tmp_path / "e")
    assert has in page
    assert lacks not in page
    assert f'<html lang="{ {"zh": "zh-CN", "en": "en"}[lang] }">' in page


def test_a_record_that_says_something_else(run: Run, tmp_path: Path) -> None:
    """Files that were changed since the replay are noticed: the page says so."""
    files, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    path = tmp_path / "tracking.jsonl"
    lines = path.read_text("utf-8").splitlines()
    lines[3] = lines[3].replace("picked_up", "in_transit")
    path.write_text("\n".join(lines[:4]) + "\n", "utf-8")
    result = run("evidence", key, *files, "--out", str(tmp_path / "e"))
    assert (result.exit_code, "cannot be read" in result.output) == (0, True)
    evidence, page = read(tmp_path / "e")
    first, second = evidence["records"]
    assert (first["found"], first["says_the_same"]) == (True, False)
    assert (second["found"], second["missing"]) == (
        False,
        "there is no such line in tracking.jsonl",
    )
    assert "does not say what the warning names it for" in page
    assert "there is no such line in tracking.jsonl" in page


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("zz",), 2, "32 hexadecimal digits"),
        ((UNKNOWN, "--warnings", "FILE"), 2, "belong together"),
        (
            ("0" * 32, "--warnings", "FILE", "--orders", "FILE", "--tracking", "FILE"),
            1,
            "no warning",
        ),
    ],
)
def test_wrong_usage(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    """One line that says what is wrong."""
    (tmp_path / "f").write_text("{}\nno json\n")
    result = run("evidence", *[str(tmp_path / "f") if one == "FILE" else one for one in arguments])
    assert result.exit_code == status
    assert words in result.output


def test_from_kafka(run: Run, cluster: KafkaServer, tmp_path: Path) -> None:
    """The warning's revisions from its topic, records from the inputs under their own names; what
    retention removed is said."""
    assert run("topics", "create").exit_code == 0
    settings = load_settings()
    _, revisions = replayed(run, tmp_path)
    key = chosen(revisions, "inactive_after_pickup")
    course = [one for one in revisions if one["warning_id"] == key]
    places: list[tuple[int, int]] = []
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    originals = [json.dumps(value, ensure_ascii=False).encode() for value in TRACKING]

    def placed(error: Any, message: Any) -> None:
        assert error is None
        places.append((message.partition(), message.offset()))

    for raw in originals:
        producer.produce(settings.tracking_topic, raw, partition=2, on_delivery=placed)
        assert producer.flush(30) == 0
    for revision in course:
        if revision["evidence"]["records"]:
            # A record that is there, one that was removed, and two that never were.
            pickup = revision["evidence"]["records"][0]
            pickup["partition"], pickup["offset"] = places[2]
            revision["evidence"]["records"] = [
                pickup,
                {**pickup, "offset": places[0][1]},
                {**pickup, "partition": 3, "offset": 77},
                {**pickup, "partition": 99},
            ]
        producer.produce(settings.warnings_topic, json.dumps(revision).encode(), key)
    producer.produce(settings.warnings_topic, b"no warning", key)
    assert producer.flush(30) == 0
    kept = TopicPartition(settings.tracking_topic, *places[2])
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    for done in admin.delete_records([kept]).values():
        done.result(30)
    result = run("evidence", key, "--out", str(tmp_path / "e"))
    assert result.exit_code == 0, result.output
    evidence, _ = read(tmp_path / "e")
    assert [one["state"] for one in evidence["timeline"]] == ["open", "breached", "resolved"]
    there, removed, beyond, nowhere = evidence["records"]
    assert there["topic"] == settings.tracking_topic
    assert there["sha256"] == sha256(originals[2]).hexdigest()
    assert there["says_the_same"]
    assert "retention removed it" in removed["missing"]
    assert "ends at offset 0" in beyond["missing"]
    assert "no such topic or partition" in nowhere["missing"]
    unknown = run("evidence", UNKNOWN)
    assert (unknown.exit_code, "there is no warning" in unknown.output) == (1, True)
