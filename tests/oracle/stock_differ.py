"""Where `product-risk` and the brute-force count of stock differ, by files and through the tables.

    .venv/bin/python -m tests.oracle.stock_differ --seeds 0:500

Each seed's history is judged by `shipsentry replay`, and travels through the tables on random
partitions in random chunks while these crash. Exit status 1 where something differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import redirect_stderr
from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest's `pythonpath` has it

from oracle.histories import History, Message, shuffled
from oracle.stock import Product, counted, stocked
from support.travelling import RUNNING, gates_of, sent_anywhere, suitable
from support.two_sides import TOPICS, Loop, run

from streams.cli.replay import replay
from streams.facts.times import from_datetime
from streams.shops.stock import CONTENT

Found = dict[Product, dict[str, Any]]


def of_seed(seed: int) -> tuple[History, list[Message]]:
    """A history and levels that may travel through the tables."""
    return stocked(suitable(seed), seed)


def replayed(history: History, levels: list[Message]) -> Found:
    """What `shipsentry replay` writes of the stock of each product."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history.write(folder)
        lines = [json.dumps(level, ensure_ascii=False) + "\n" for level in levels]
        (folder / "stock.jsonl").write_text("".join(lines), encoding="utf-8")
        files = {n: str(folder / f"{n}.jsonl") for n in ("orders", "tracking", "stock", "out")}
        arguments = [word for n, path in files.items() for word in (f"--{n}", path)]
        arguments += ["--until", history.until.isoformat()]
        arguments += ["--product-risk", str(folder / "products.jsonl")]
        try:
            with redirect_stderr(StringIO()):  # how many dead letters there were
                replay.main(arguments, standalone_mode=False)
        except SystemExit as end:
            if end.code != 3:  # 3: there were dead letters
                raise
        return said(map(json.loads, (folder / "products.jsonl").read_text("utf-8").splitlines()))


def travelled(history: History, levels: list[Message], seed: int, crashes: float) -> Found:
    """What was published last of each product's stock, with crashes on the way."""
    rng = Random(f"stock/travelling/{seed}")
    until = from_datetime(history.until)
    loop = Loop(rng.choice((1, 2, 3, 4)), until - RUNNING, stocked=True)
    sent_anywhere(loop, history, rng)
    for level in levels:
        if datetime.fromisoformat(level["received_at"]) <= history.until:
            raw = json.dumps(level, ensure_ascii=False).encode()
            key = rng.choice((None, b"anything"))
            loop.produce(TOPICS.stock, raw, key, rng.randrange(loop.partitions))
    run(loop, rng, gates_of(history, rng), crashes=crashes)
    loop.drain(until)
    newest: dict[bytes, Message] = {}
    contents: dict[tuple[bytes, int], Message] = {}
    for topic, key, value in loop.risks:
        if topic == TOPICS.product_risk and value["day"] is None:
            newest[key] = max(newest.get(key, value), value, key=lambda each: each["revision"])
            same = contents.setdefault((key, value["revision"]), value)
            assert same == value, "one revision with two contents"
    return said(newest.values())


def said(values: Any) -> Found:
    """What records say of stock."""
    return {
        (v["platform"], v["shop_id"], v["product_id"]): {name: v[name] for name in CONTENT}
        for v in values
        if v["day"] is None
    }


def differing(seed: int, crashes: float = 0.08) -> list[str]:
    """A line for each product in which something differs from the count."""
    history, levels = of_seed(seed)
    late = shuffled(history, seed)
    # The tables' records are dated by their own clock, and so would tombstones be.
    open_ended = replace(history, tombstones=[])
    found = []
    for how, its, ours in (
        ("replay", history, replayed(history, levels)),
        ("replay, shuffled", late, replayed(late, levels)),
        ("tables", open_ended, travelled(open_ended, levels, seed, crashes)),
    ):
        theirs = counted(its, levels)
        found += [
            f"seed {seed}, {how}, {product}: {ours.get(product)}, counted {theirs.get(product)}"
            for product in sorted({*ours, *theirs})
            if ours.get(product) != theirs.get(product)
        ]
    return found


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", default="0:100", help="FIRST:BEYOND (default %(default)s)")
    options = parser.parse_args()
    first, _, beyond = options.seeds.partition(":")
    seeds = range(int(first), int(beyond or int(first) + 1))
    short = products = failed = 0
    for seed in seeds:
        found = differing(seed)
        failed += bool(found)
        print("".join(f"{line}\n" for line in found), end="", flush=True)
        counts = counted(*of_seed(seed)).values()
        products += len(counts)
        short += sum(each["short_by"] > 0 for each in counts)
    print(f"{len(seeds)} seeds, {products} products, {short} of them short: {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
