"""`shipsentry keys`: keys in place of plain recipients, and nothing plain anywhere else."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret of this test alone"  # noqa: S105 - protects nothing

PLAIN = {
    "name": "王小明",
    "phone": "138-0013-8000",
    "province": "广东省",
    "city": "深圳市",
    "district": "南山区",
    "address": "科技路1号3栋502室",
}
SPELT = {**PLAIN, "phone": "+8613800138000", "city": "深圳", "address": "科技路1#3幢502"}
OTHER = {**PLAIN, "name": "李四", "phone": "13900139000", "address": "科技路1号3栋503室"}


@pytest.fixture(autouse=True)
def secret(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the environment."""
    monkeypatch.setenv("SHIPSENTRY_KEYS_SECRET", SECRET)


def orders(*recipients: dict[str, Any]) -> None:
    """`o.jsonl`, with an order for each recipient."""
    lines = [
        {"order_id": str(n), "recipient": each, "amount_paid": 100}
        for n, each in enumerate(recipients, 1)
    ]
    Path("o.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def table(*rows: dict[str, str], name: str = "r.csv", **how: Any) -> Path:
    """A CSV file of these rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], **how)
    writer.writeheader()
    writer.writerows(rows)
    path = Path(name)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def read(text: str) -> list[dict[str, Any]]:
    """JSON Lines, or a CSV table, as rows."""
    if text.startswith("{"):
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text)))


def test_orders_get_keys_and_lose_what_is_plain(run: Run) -> None:
    """Equal for two spellings, different for another; order of fields and all else as it was."""
    orders(PLAIN, SPELT, OTHER)
    result = run("keys", "o.jsonl")
    assert (result.exit_code, result.stderr) == (0, "3 rows written to standard output\n")
    one, two, three = [row["recipient"] for row in read(result.stdout)]
    assert list(one) == ["address_key", "person_key", "province", "city", "district"]
    assert (one["address_key"], one["person_key"]) == (two["address_key"], two["person_key"])
    assert len({one["address_key"], one["person_key"], three["address_key"]}) == 3
    assert one["person_key"] != three["person_key"]
    assert list(read(result.stdout)[0]) == ["order_id", "recipient", "amount_paid"]
    for plain in ("王小明", "8000", "科技路", SECRET):
        assert plain not in result.output


def test_keys_stay_what_they_are(run: Run) -> None:
    """Frozen: whoever sees another key here changes the keys of everybody's thirty days."""
    orders(PLAIN)
    (row,) = read(run("keys", "o.jsonl").stdout)
    assert row["recipient"]["address_key"] == "a17d5ac15313552b1f385435bf43513e"
    assert row["recipient"]["person_key"] == "c1b3703b7073bf65ee44dd926664c4eb"


def test_a_table_stays_a_table(run: Run, tmp_path: Path) -> None:
    """Columns under Chinese names, further ones; keys stand where the first plain column stood."""
    table(
        {
            "订单号": "1",
            "收件人": "王小明",
            "收件人手机号": "13800138000",
            "省": "广东",
            "市": "深圳",
            "区": "南山",
            "详细地址": "科技路1号3栋502室",
            "备注": "轻放",
        }
    )
    result = run("keys", "r.csv", "--out", "keyed.csv.gz")
    assert (result.exit_code, result.stdout) == (0, "")
    text = gzip.decompress((tmp_path / "keyed.csv.gz").read_bytes()).decode()
    (row,) = read(text)
    assert list(row) == ["订单号", "address_key", "person_key", "省", "市", "区", "备注"]
    orders(PLAIN)
    (order,) = read(run("keys", "o.jsonl").stdout)
    assert row["address_key"] == order["recipient"]["address_key"]
    assert row["person_key"] == order["recipient"]["person_key"]


def test_dotted_columns_keep_their_place(run: Run) -> None:
    """What comes out is what `replay --orders` reads."""
    plain = {f"recipient.{name}": value for name, value in PLAIN.items()}
    table({"order_id": "1", **plain, "amount_paid": "100"})
    (row,) = read(run("keys", "r.csv").stdout)
    assert list(row) == [
        *("order_id", "recipient.address_key", "recipient.person_key", "recipient.province"),
        *("recipient.city", "recipient.district", "amount_paid"),
    ]


@pytest.mark.parametrize(("encoding", "delimiter"), [("gb18030", ","), ("utf-8-sig", ";")])
def test_what_spreadsheets_write_is_read(run: Run, encoding: str, delimiter: str) -> None:
    """GB18030, a byte order mark, semicolons: the same rows."""
    path = table(PLAIN, OTHER)
    expected = run("keys", "r.csv").stdout
    table(PLAIN, OTHER, delimiter=delimiter)
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert run("keys", "r.csv").stdout == expected
    assert len(read(expected)) == 2


def test_every_machine_makes_the_same_keys(tmp_path: Path) -> None:
    """In a process of its own, from standard input, with the secret from a file."""
    orders(PLAIN, OTHER)
    file = tmp_path / "secret"
    file.write_bytes(SECRET.encode() + b"\r\n")
    file.chmod(0o600)
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        del environment["SHIPSENTRY_KEYS_SECRET"]
        result = subprocess.run(
            [sys.executable, "-m", "streams.cli", "keys", "-", "--secret-file", "secret"],
            env=environment,
            input=Path("o.jsonl").read_bytes(),
            capture_output=True,
            check=True,
        )
        assert b"secret" not in result.stderr
        found.append(result.stdout)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    by_variable = subprocess.run(
        [sys.executable, "-m", "streams.cli", "keys", "o.jsonl"],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert found == [by_variable.stdout] * 2


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "王**", "is masked"),
        ("phone", "138****8000", "is masked"),
        ("address", "##Zm9vYmFy*eA=#1##", "is a platform's ciphertext"),
        ("name", "~AgAAAAMPtIYF~1~", "is a platform's ciphertext"),
        ("phone", "$138$Nx5ab$1$", "is a platform's ciphertext"),
        ("phone", "18412345678-1234", "has the extension of a privacy number"),
        ("phone", "none of yours", "is no phone number"),
        ("address", ["科技路"], "is neither text nor an integer"),
    ],
)
def test_what_cannot_be_a_key_is_left_out(run: Run, field: str, value: Any, why: str) -> None:
    """Named by line and field; neither its value nor its row is written; the others are."""
    orders(OTHER, {**PLAIN, field: value}, OTHER)
    result = run("keys", "o.jsonl")
    assert result.exit_code == 3
    assert f"line 2: recipient.{field} {why}" in result.stderr
    assert result.stderr.endswith("left out: 1 row\n")
    assert [row["order_id"] for row in read(result.stdout)] == ["1", "3"]
    assert str(value) not in result.output
    assert "王小明" not in result.output


def test_many_bad_rows_are_counted(run: Run) -> None:
    """Three are named for each reason."""
    orders(*[{**PLAIN, "name": "王**"}] * 5)
    result = run("keys", "o.jsonl")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        *("line 1", "line 2", "line 3", "0 rows written to standard output"),
        *("… and 2 more rows", "left out"),
    ]


def test_a_platforms_id_goes_before_the_address(run: Run) -> None:
    """Two orders with one open_address_id and other ciphertexts are one address, and no person."""
    encrypted = [
        {
            "name": f"##bmFtZQ{n}*x=#1##",
            "mobile": f"$$bW9i{n}*x=$1$$",
            "address": f"##YWRk{n}*x=#1##",
            "open_address_id": "#GKTB7s7wOxP/iHoVtQM9Lr==",
            "province": "广东",
        }
        for n in range(2)
    ]
    orders(*encrypted, {"oaid": "another", "province": "广东"})
    result = run("keys", "o.jsonl")
    assert result.exit_code == 0
    one, two, three = [row["recipient"] for row in read(result.stdout)]
    assert one == two == {**one, "person_key": None, "province": "广东"}
    assert one["address_key"] != three["address_key"]
    assert "without person_key: 3 recipients" in result.stderr
    assert "GKTB" not in result.output


def test_ciphertext_that_was_given_as_a_key_is_refused(run: Run) -> None:
    """Also in a row that has nothing plain: hashes are all that may be there."""
    orders({"name": "", "address_key": "#enc1#"}, {"address_key": "#enc2#", "person_key": "p1"})
    result = run("keys", "o.jsonl")
    assert (result.exit_code, result.stdout) == (3, "")
    for number in (1, 2):
        assert f"line {number}: recipient.address_key is a platform's ciphertext" in result.stderr


def test_a_key_that_is_there_stays(run: Run) -> None:
    """Where nothing plain makes another; unknown stays unknown."""
    orders({"name": "", "address_key": "a1f0"}, {"name": "王小明"})
    one, two = [row["recipient"] for row in read(run("keys", "o.jsonl").stdout)]
    assert one == {"person_key": None, "address_key": "a1f0"}
    assert two == {"address_key": None, "person_key": None}


def test_via_has_keys_too(run: Run) -> None:
    """The transit warehouse is shaped like a recipient; other objects are left alone."""
    line = {"order_id": "1", "via": PLAIN, "items": [{"name": "茶", "price": 1.5}]}
    Path("o.jsonl").write_text(json.dumps(line))
    (row,) = read(run("keys", "o.jsonl").stdout)
    assert set(row["via"]) == {"address_key", "person_key", "province", "city", "district"}
    assert row["items"] == line["items"]


def test_one_key_alone(run: Run) -> None:
    """A masked name is no matter where only addresses are asked for, and is still left out."""
    orders({**PLAIN, "name": "王**", "phone": "138****8000"})
    result = run("keys", "o.jsonl", "--only", "address")
    assert result.exit_code == 0
    (row,) = read(result.stdout)
    assert list(row["recipient"]) == ["address_key", "province", "city", "district"]


def test_other_columns_may_be_named_and_dropped(run: Run) -> None:
    """--column says what a column holds, --drop leaves one out."""
    plain = {"order_id": "1", "买家": "王小明", "tel2": "13800138000", "memo": "x"}
    table(plain)
    columns = ("--column", "name=买家", "--column", "phone=TEL2")
    (row,) = read(run("keys", "r.csv", *columns, "--drop", "memo").stdout)
    assert list(row) == ["order_id", "address_key", "person_key"]
    orders(PLAIN)
    (order,) = read(run("keys", "o.jsonl").stdout)
    assert row["person_key"] == order["recipient"]["person_key"]


@pytest.mark.parametrize(
    "memo", ["打 13800138000 找我", "138 0013 8000", "王小明", "科技路1号3栋502室"]
)
def test_plain_text_elsewhere_in_the_row_is_found(run: Run, memo: str) -> None:
    """The row is left out rather than its recipient told; --drop helps."""
    table({**PLAIN, "memo": memo, "order_id": "1"})
    result = run("keys", "r.csv")
    assert result.exit_code == 3
    assert "line 2: memo repeats the recipient's name, phone number or address" in result.stderr
    assert memo not in result.output
    assert run("keys", "r.csv", "--drop", "memo").exit_code == 0


def test_rows_that_cannot_be_read_are_named_by_line(run: Run) -> None:
    """Where a row begins, also behind cells of several lines."""
    head = "name,phone,city,address\n"
    Path("r.csv").write_text(f'{head}a,13800138000,深圳,"x\ny"\nb,13800138000,深圳,x,1\n')
    result = run("keys", "r.csv")
    assert result.exit_code == 3
    assert "line 4: has more cells than the header" in result.stderr
    Path("o.jsonl").write_text('\n{"recipient": {}}\n{\n[1]\n')
    result = run("keys", "o.jsonl")
    assert result.stderr.splitlines()[:2] == ["line 3: is not JSON", "line 4: is no JSON object"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("1,王小明,13800138000\n2,李四,13900139000\n", "no column of a recipient: needed is"),
        ('{"a": 1}\n', "no column of a recipient: needed is"),
        ('[{"name": "x"}]', "is a JSON array"),
        ("name,x,name\n王小明,y,z\n", "one name for columns 1 and 3"),
        ("李四,王小明,李四\n", "one name for columns 1 and 3"),
    ],
)
def test_a_file_of_something_else_is_wrong_usage(run: Run, text: str, said: str) -> None:
    """One sentence, exit status 2, and no output file."""
    Path("x.txt").write_text(text)
    result = run("keys", "x.txt", "--out", "out.txt")
    assert result.exit_code == 2
    assert f"Error: x.txt {'has ' if said[0] in 'no' else ''}{said}" in result.stderr
    assert "王小明" not in result.output
    assert not Path("out.txt").exists()


def test_the_form_is_not_changed(run: Run) -> None:
    """A name that asks for another one is refused."""
    orders(PLAIN)
    assert "stay so" in run("keys", "o.jsonl", "--out", "o.csv").stderr
    table(PLAIN)
    assert run("keys", "r.csv", "--out", "r.jsonl").exit_code == 2


def test_the_secret(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, too short, open to all: said, and never shown."""
    orders(PLAIN)
    short = tmp_path / "short"
    short.write_text("fifteen bytes..\n")
    result = run("keys", "o.jsonl", "--secret-file", "short")
    assert result.exit_code == 2
    assert "the secret in short has 15 bytes: at least 16 are needed" in result.stderr
    assert "fifteen" not in result.output
    short.write_text("sixteen bytes...\n")
    short.chmod(0o644)
    result = run("keys", "o.jsonl", "--secret-file", "short")
    assert result.exit_code == 0
    assert result.stderr.startswith("short is open to every user of this machine: chmod 600 short")
    short.chmod(0o600)
    assert "chmod" not in run("keys", "o.jsonl", "--secret-file", "short").stderr
    monkeypatch.delenv("SHIPSENTRY_KEYS_SECRET")
    result = run("keys", "o.jsonl")
    assert result.exit_code == 2
    assert "there is no secret: name --secret-file, or set SHIPSENTRY_KEYS_SECRET" in result.stderr


def test_no_setting_is_misspelt(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """The variable is no setting of the workers, and nobody takes it for one."""
    assert run("rules", "list").exit_code == 0
    assert "SHIPSENTRY_KEYS_SECRET" not in caplog.text


def test_an_unknown_role_is_wrong_usage(run: Run) -> None:
    """With the one that was meant."""
    orders(PLAIN)
    result = run("keys", "o.jsonl", "--column", "phne=tel")
    assert result.exit_code == 2
    assert "did you mean phone?" in result.stderr
