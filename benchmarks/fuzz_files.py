"""Mutates well-formed files of every form: each row must become a fact or a refusal.

    .venv/bin/python benchmarks/fuzz_files.py [--rows 300000] [--seed 1]

A refusal has a reason of the contract, a file and a line of it. Any other exception, or a line
that is not in the file, ends the run with status 1 and the seed of the file that did it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import workbooks  # noqa: E402 - found by the path above

from schemas import REASONS  # noqa: E402
from streams.decode import Bad, decode_order, decode_tracking  # noqa: E402
from streams.inputs.cells import Reading  # noqa: E402
from streams.inputs.files import BadLine, HistoryFile  # noqa: E402
from streams.inputs.messages import ORDERS, TRACKING, Message  # noqa: E402
from streams.inputs.opened import Unreadable  # noqa: E402
from streams.profiles.money import decimals_of  # noqa: E402

ROWS = 40
"""Rows of each file before it is mutated."""

XLS = (ROOT / "tests" / "data" / "orders.xls").read_bytes()

ODD = (
    *('"', "'", ",", ";", "\t", "\n", "\r", "\r\n", "\x00", "\u200b", "\ufeff", "，", "｜", "|"),
    *("[", "]", "{", "}", "[{", '{"', "null", "NaN", "-", "--", "=", '="1"', "'1", "1E+18"),
    *("9" * 30, "1.5", "²", "#N/A", "TRUE", "<", "\ud83d", "深圳", "𠮷", " +0800", "2026/8/20"),
    *("0000-00-00", "2026-02-30T10:00:00+08:00", "sep=;", "order_id", "\\u0000", "\\ud800", ""),
)
"""What is put into cells and texts."""

READINGS = (
    Reading(),
    Reading(ZoneInfo("Asia/Shanghai"), decimals_of),
    Reading(ZoneInfo("America/New_York")),
)


def order(rng: random.Random) -> dict[str, Any]:
    """One order in the columns of a table."""
    return {
        "order_id": str(rng.randrange(10**18)),
        "shop_id": "s-1",
        "platform": rng.choice(("douyin", "天猫", "tmall")),
        "paid_at": f"2026-08-{rng.randrange(1, 29):02}T10:00:00+08:00",
        "promised_ship_by": rng.choice(("", "2026-08-30 10:00:00 +0800")),
        "amount_paid": str(rng.randrange(100_000)),
        "currency": rng.choice(("CNY", "")),
        "recipient.province": rng.choice(("广东省", "北京市", "")),
        "recipient.city": rng.choice(("深圳市", "")),
        "items.product_id": rng.choice(("", "p1", "p2")),
        "items.quantity": rng.choice(("", "1", "2")),
    }


def update(rng: random.Random) -> dict[str, Any]:
    """One tracking update in the columns of a table."""
    return {
        "carrier": rng.choice(("zto", "中通", "SF")),
        "tracking_number": f"78{rng.randrange(10**12):012}",
        "status": rng.choice(("ordered", "picked_up", "hub", "delivered")),
        "occurred_at": f"2026-08-{rng.randrange(1, 29):02}T18:00:00+08:00",
        "order_ids": rng.choice(("", "1001", "1001,1002", "1001；1002")),
        "shop_id": rng.choice(("", "s-1")),
        "description": rng.choice(("", "【杭州市】已揽收", "a\nb", 'say "x"')),
        "location.province": rng.choice(("", "浙江省")),
    }


def nested(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a message."""
    message: dict[str, Any] = {}
    for name, cell in row.items():
        place, _, leaf = name.partition(".")
        if cell == "":
            continue
        if leaf:
            message.setdefault(place, {})[leaf] = cell
        else:
            message[name] = [cell] if name == "order_ids" else cell
    if "items" in message:
        message["items"] = [{"product_id": "p1"}]
    if "amount_paid" in message:
        message["amount_paid"] = int(message["amount_paid"])
    return message


def table(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """Delimited text in any encoding."""
    out = io.StringIO()
    names = list(rows[0])
    delimiter = rng.choice(",;\t")
    if rng.random() < 0.2:
        out.write(f"sep={delimiter}\r\n")
    elif rng.random() < 0.2:
        out.write("订单导出\r\n")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=rng.choice(("\n", "\r\n", "\r")))
    writer.writerow(names)
    writer.writerows([row[name] for name in names] for row in odd_cells(rng, rows))
    return encoded(rng, out.getvalue())


def lines(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """JSON Lines."""
    return encoded(
        rng,
        "".join(json.dumps(nested(row), ensure_ascii=rng.random() < 0.5) + "\n" for row in rows),
    )


def document(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """JSON laid out over many lines."""
    indent = rng.choice((None, 1, 2))
    return encoded(
        rng, json.dumps([nested(row) for row in rows], indent=indent, ensure_ascii=False)
    )


def sheet(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """A workbook, some of its texts as numbers, dates, truth values and errors."""
    typed: tuple[Any, ...] = (
        *(1.0, 4.92e18, -1.5, True, 46254, 46254.41, 1e300),
        workbooks.Raw('t="e"><v>#REF!</v>'),
        workbooks.Raw('s="1"><v>46254.5</v>'),
        workbooks.Raw('s="2"><v>46254</v>'),
        workbooks.Raw('s="1"><v>-5</v>'),
        workbooks.Raw('s="1"><v>99999999</v>'),
    )
    cells = [list(rows[0])]
    for row in odd_cells(rng, rows):
        cells.append([rng.choice(typed) if rng.random() < 0.05 else plain(c) for c in row.values()])
    return workbooks.workbook(*cells, first=rng.choice((1, 1, 4)))


def inside(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """A workbook that is mutated inside of its archive."""
    target = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(sheet(rng, rows)))
    with whole, zipfile.ZipFile(target, "w") as archive:
        for name in whole.namelist():
            content = whole.read(name)
            archive.writestr(name, mutated(rng, content) if rng.random() < 0.3 else content)
    return target.getvalue()


def old(rng: random.Random, rows: list[dict[str, Any]]) -> bytes:
    """An .xls, which is not made of the rows."""
    return XLS


def plain(cell: str) -> str:
    """A text without what XML cannot hold."""
    return "".join(char for char in cell if char >= " " and not "\ud800" <= char <= "\udfff")


def odd_cells(rng: random.Random, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, one cell in ten with something odd in it or instead of it."""
    return [
        {name: odd(rng, cell) if rng.random() < 0.1 else cell for name, cell in row.items()}
        for row in rows
    ]


def odd(rng: random.Random, text: str) -> str:
    """A text with something odd in it."""
    at = rng.randrange(len(text) + 1)
    found = rng.choice(("", text[:at])) + rng.choice(ODD) + rng.choice(("", text[at:]))
    return found.encode(errors="replace").decode()


def encoded(rng: random.Random, text: str) -> bytes:
    """A text in one of the encodings."""
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"))
    return text.encode(encoding, errors="replace")


def mutated(rng: random.Random, content: bytes) -> bytes:
    """Bytes flipped, cut, doubled or put in; often none."""
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice((0, 1, 2, 40, 400)))
        piece = rng.choice(ODD).encode(errors="replace")
        if rng.random() < 0.3:
            piece = content[at:end] * 2
        elif rng.random() < 0.3:
            piece = rng.randbytes(rng.choice((1, 2, 8)))
        content = content[:at] + piece + content[end:]
    if rng.random() < 0.03:
        content = content[: rng.randrange(len(content) + 1)]
    return gzip.compress(content) if rng.random() < 0.1 else content


class Fault(Exception):
    """What a file came to that is neither fact nor refusal."""


def judged(path: Path, content: bytes, message: Message, reading: Reading) -> Counter[str]:
    """How many rows of a file became facts, and were refused for what; raises Fault."""
    path.write_bytes(content)
    count: Counter[str] = Counter()
    bad: list[BadLine] = []
    try:
        file = HistoryFile(path, message, reading)
        for line in file.read(bad.append, lambda _: None):
            if message is ORDERS:
                verdict: object = decode_order(line.raw, None, 1 << 62, 1 << 62, 0, line.number - 1)
            else:
                verdict = decode_tracking(line.raw, 1 << 62, 0, line.number - 1)
            if isinstance(verdict, Bad):
                bad.append(BadLine(path, line.number, line.raw, verdict, line.arrival))
            else:
                count["fact"] += 1
    except (Unreadable, EOFError, OSError) as error:
        if "\n" in str(error) or not str(error):
            raise Fault(f"a file is refused in more than one sentence: {error!r}") from error
        count["file refused"] += 1
        return count
    for refusal in bad:
        if refusal.bad.reason not in REASONS or refusal.number < 1 or not refusal.bad.message:
            raise Fault(f"a refusal lacks reason, line or words: {refusal}")
        count[refusal.bad.reason] += 1
    return count


def fuzz(rows: int, seed: int, folder: Path) -> Counter[str]:
    """Mutate and read files until they had so many rows; raises Fault with the seed of the file."""
    total: Counter[str] = Counter()
    done, number = 0, 0
    forms = (table, table, lines, document, sheet, inside, old)
    while done < rows:
        name = f"{seed}:{number}"
        rng = random.Random(name)
        message, make = rng.choice(((ORDERS, order), (TRACKING, update)))
        content = rng.choice(forms)(rng, [make(rng) for _ in range(ROWS)])
        try:
            count = judged(folder / "file", mutated(rng, content), message, rng.choice(READINGS))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            raise Fault(f"file {name}: {error!r}") from error
        total += count
        done += ROWS
        number += 1
    total["rows"] = done
    return total


def main() -> int:
    """Run, and print what became of the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shipsentry-fuzz-") as folder:
        try:
            total = fuzz(arguments.rows, arguments.seed, Path(folder))
        except Fault as fault:
            print(fault, file=sys.stderr)
            return 1
    for name, count in total.most_common():
        print(f"{name:20} {count:9,}")
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
