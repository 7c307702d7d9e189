"""`shipsentry import`, and spreadsheets in `sources try`: what is said, written and sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from confluent_kafka import Consumer, TopicPartition
from kafka_server import KafkaServer
from support.running import offsets_of

from streams.settings import load_settings

Run = Callable[..., Result]

HEADER = "主订单编号,支付完成时间,订单状态,快递信息,发货时间\n"
GOOD = "1,2026-11-20 10:00:00,已发货,SF1234567890123-顺丰速运,2026-11-20 18:00:00\n"
BAD = "6.9E+18,2026-11-20 10:00:00,已发货,-,-\n"


@pytest.fixture
def export(tmp_path: Path) -> str:
    """An export with one order and its number."""
    path = tmp_path / "export.csv"
    path.write_text(HEADER + GOOD)
    return str(path)


def test_without_a_destination_nothing_is_sent(run: Run, export: str) -> None:
    """It is said what would be."""
    done = run("import", export, "--shop", "s-1")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "export.csv: 抖店 order export (douyin): 1 order, 1 upload, 0 refused",
        "nothing is sent: 2 messages; --to kafka sends them, --to FILE writes them",
    ]


def test_what_is_written_is_what_sources_try_says(run: Run, export: str, tmp_path: Path) -> None:
    """A line a message: topic, key, value."""
    (tmp_path / "feed.json").write_text('{"shop_id": "s-1"}')
    tried = run("sources", "try", export, "--source", "douyin", "--config", "feed.json")
    assert run("import", export, "--shop", "s-1", "--to", "-").stdout == tried.stdout
    assert run("import", export, "--shop", "s-1", "--to", "out.jsonl").exit_code == 0
    assert (tmp_path / "out.jsonl").read_text() == tried.stdout
    assert [json.loads(line)["key"] for line in tried.stdout.splitlines()] == [
        *("1", "sf:SF1234567890123")
    ]


def test_a_refused_row_is_said_and_the_others_go_on(run: Run, export: str) -> None:
    """Exit status 3, in both commands."""
    Path(export).write_text(HEADER + GOOD + BAD)
    done = run("import", export, "--shop", "s-1")
    assert done.exit_code == 3
    assert "export.csv: damaged_id: line 3: 主订单编号 is '6.9E+18'" in done.stderr
    tried = run("sources", "try", export, "--source", "douyin")
    assert tried.exit_code == 3


def test_one_id_of_two_shops_is_named(run: Run, export: str, tmp_path: Path) -> None:
    """With a scope each shop has its own."""
    other = tmp_path / "other.csv"
    other.write_text(f"店铺ID,{HEADER}s-2,{GOOD}")
    done = run("import", export, str(other), "--shop", "s-1")
    assert "1 order id is used by several shops or platforms" in done.stderr
    assert "1 (douyin s-1, douyin s-2)" in done.stderr
    done = run("import", export, str(other), "--shop", "s-1", "--scope", "shop", "--to", "-")
    assert "used by several" not in done.stderr
    assert '"key": "s-2/1"' in done.stdout


def test_a_mapping_is_suggested_and_read(run: Run, export: str) -> None:
    """The same command writes it and reads by it; a wrong one is wrong usage."""
    assert run("import", "--suggest", export, "--to", "m.toml").exit_code == 0
    text = Path("m.toml").read_text()
    Path("m.toml").write_text(text.replace('platform = ""', 'platform = "douyin"'))
    done = run("import", export, "--map", "m.toml", "--shop", "s-1", "--to", "-")
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == 2
    Path("m.toml").write_text('kind = "x"')
    done = run("import", export, "--map", "m.toml")
    assert (done.exit_code, "m.toml: kind: is 'x'; allowed" in done.stderr) == (2, True)
    done = run("import", export, "--map", "m.toml", "--as", "douyin")
    assert (done.exit_code, "exclude each other" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("said", "sentence", "status"),
    [
        ({}, "the signature or password is not checked", 0),
        ({"secret": "s"}, "no signature or password was sent: ingest would answer 401", 0),
        ({"secret": "s", "headers": {"Credential": "s"}}, "fits the secret", 0),
        ({"secret": "s", "headers": {"Credential": "x"}}, "does not fit the secret: ingest", 3),
    ],
)
def test_a_try_says_what_the_proof_of_a_request_is_worth(
    run: Run, tmp_path: Path, said: dict[str, object], sentence: str, status: int
) -> None:
    """What a service would answer, before one runs."""
    (tmp_path / "answer.json").write_text('{"trackResponse": {}}')
    (tmp_path / "feed.json").write_text(json.dumps(said))
    files = (str(tmp_path / "answer.json"), "--config", str(tmp_path / "feed.json"))
    done = run("sources", "try", *files, "--source", "ups")
    assert (done.exit_code, sentence in done.stderr.splitlines()[-1]) == (status, True)


def test_a_source_of_spreadsheets_alone_is_listed_and_shown(run: Run) -> None:
    """With its columns, as those of the others."""
    assert "shipstation   table" in run("sources", "list").stdout
    shown = run("sources", "show", "shipstation").stdout
    assert "Shipment - Tracking Number" in shown
    assert "订单提交时间" in run("sources", "show", "douyin").stdout
    asked = run("sources", "show", "wechat").stdout
    assert "asked for orders: https://api.weixin.qq.com, with token\n" in asked
    assert "missing where it is not: address, amount, goods, numbers" in asked
    assert "throttled    reach max api daily quota limit (vendor document)\n" in asked


def test_all_of_it_is_on_kafka_at_the_end(run: Run, export: str, cluster: KafkaServer) -> None:
    """By key, in order, and again by the same keys where it is sent again."""
    done = run("import", export, "--shop", "s-1", "--to", "kafka")
    assert (done.exit_code, "there (`shipsentry topics create`" in done.stderr) == (1, True)
    settings = load_settings()
    for name in (settings.orders_topic, settings.tracking_topic):
        cluster.create_topic(name, 2)
    lines = run("import", export, "--shop", "s-1", "--to", "-").stdout.splitlines()
    for _ in range(2):
        done = run("import", export, "--shop", "s-1", "--to", "kafka")
        assert (done.exit_code, done.stderr.splitlines()[-1]) == (
            0,
            f"2 messages sent to {settings.bootstrap_servers}",
        )
    sent = {
        settings.orders_topic: json.loads(lines[0]),
        settings.tracking_topic: json.loads(lines[1]),
    }
    for topic, line in sent.items():
        records = on_kafka(settings.bootstrap_servers, topic)
        assert records == [(line["key"].encode(), line["value"])] * 2


def on_kafka(bootstrap: str, topic: str) -> list[tuple[bytes | None, object]]:
    """Keys and values of a topic of two partitions."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "import-reader"})
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(2)])
        count = sum(offsets_of(consumer, topic, number)[1] for number in range(2))
        found = consumer.consume(count, 30)
        return [(each.key(), json.loads(each.value() or b"null")) for each in found]
    finally:
        consumer.close()
