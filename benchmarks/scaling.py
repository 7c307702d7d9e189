"""What greater loads take, by measured constants, and what happens to them, by simulation.

Nothing runs but this: figures of one worker (each with its source in README.md) are carried on to
loads that no machine here has seen, and hot keys, deploys and the loss of a zone are played with a
seed. The tables of docs/scaling.md are made here, and a test compares them::

    python -m benchmarks.scaling            # prints the tables
    python -m benchmarks.scaling --write    # and puts them into the page
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from streams.engine.kafka.topic_admin import topic_specs
from streams.settings import Settings
from streams.tables.recover_shop_days import home_of

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scaling.md"
SEED = 2026_11_20

DAY_S = 86_400
GB, TB = 1e9, 1e12


class Measured(NamedTuple):
    """A figure, and the words of benchmarks/README.md that it is from."""

    value: float
    quote: str


EVENTS_A_WORKER = Measured(8_404, "| worker: all rules | 8,404 (8,174 to 8,634) | 122.7 | 714 |")
EVENT_US = Measured(122.7, "| worker: all rules | 8,404 (8,174 to 8,634) | 122.7 | 714 |")
EVENT_BYTES = Measured(340, "some 340 bytes each")
EVENTS_A_PARCEL = Measured(5.9, "100,000 parcels give 590,000 events")
STATES_AN_EVENT = Measured(458_407 / 1_181_451, "1,181,451 records, 458,407 states that live on")
STATE_BYTES = Measured(992, "| local state, bytes per state | 992 |")
WRITTEN_BYTES = Measured(3_293, "| broker's disk, bytes per record | 3,293 |")
MEMORY_MIB = Measured(797, "Memory came to rest at 797 MiB")
RESTORED_A_SECOND = Measured(109_600, "109,600/s, 19.5 s")
WARM_S = Measured(2.7, "| warm | 2.7 (2.8) | 5 |")
TAKEOVER_S = Measured(4, "a takeover costs the\nsession and some 4 s")
PLACEHOLDER_S = Measured(0.017, "| 600 | 195,829 | 16.93 |")
"""CPU of a chunk that has an upload of a placeholder which is nearly full."""
METER_SHARE = Measured(0.04, "the meters' side 4 %")

MEASURED = (
    EVENTS_A_WORKER, EVENT_US, EVENT_BYTES, EVENTS_A_PARCEL, STATES_AN_EVENT, STATE_BYTES,
    WRITTEN_BYTES, MEMORY_MIB, RESTORED_A_SECOND, WARM_S, TAKEOVER_S, PLACEHOLDER_S, METER_SHARE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is not measured: choices of an operator, and prices. All of them are examples."""

    average: float = 0.4
    """Of the busiest hour's rate, over all hours."""
    busy: float = 0.5
    """Share of a worker that the busiest hour takes: the rest is for catching up."""
    kept_days: float = 70.0
    """A parcel's five days, and the 65 that its states are kept after the last fact."""
    dirty: float = 0.3
    """Of a changelog, not compacted yet (`min.cleanable.dirty.ratio`)."""
    replicas: int = 3
    orders_days: float = 60.0
    tracking_days: float = 35.0
    internal_days: float = 7.0
    passing: float = 0.4
    """Of what is written, what tables tell each other and what is published."""
    free: float = 1.3
    """Disk that is there by disk that is full."""
    worker_disk_tb: float = 1.0
    broker_disk_tb: float = 8.0
    broker_mb_s: float = 100.0
    """In and out, replication among it, in the busiest hour."""
    broker_replicas: int = 4_000
    vcpu_hour: float = 0.04
    gib_hour: float = 0.005
    disk_gb_month: float = 0.08
    between_zones_gb: float = 0.01
    hours: float = 730.0


ASSUMED = Assumed()


# -- sizes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Size:
    """What a rate takes. `rate` is events/s of the busiest hour."""

    rate: float
    parcels_a_day: float
    parcels: float
    """That a state is kept of."""
    states: float
    for_judging: int
    """Workers, for the CPU alone."""
    for_disk: int
    restore_h: float
    """Of all states by one worker."""
    partitions: int
    written_mb_s: float
    """Into the brokers, replicas not counted, in the busiest hour."""
    store_tb: float
    broker_tb: float
    brokers: int
    replicas: int
    month: float


def sized(rate: float, assumed: Assumed = ASSUMED) -> Size:
    """What so many events/s in the busiest hour take."""
    average = rate * assumed.average
    a_day = average * DAY_S
    states = a_day * assumed.kept_days * STATES_AN_EVENT.value
    store = states * STATE_BYTES.value * assumed.free
    for_judging = math.ceil(rate / (EVENTS_A_WORKER.value * assumed.busy))
    for_disk = math.ceil(store / (assumed.worker_disk_tb * TB))
    workers = max(for_judging, for_disk)
    partitions = max(12, rounded(2 * workers))
    written = rate * WRITTEN_BYTES.value
    kept = (
        a_day
        * EVENT_BYTES.value
        * (
            assumed.orders_days / EVENTS_A_PARCEL.value
            + assumed.tracking_days * (1 - 1 / EVENTS_A_PARCEL.value)
        )
        + states * STATE_BYTES.value / (1 - assumed.dirty)
        + a_day * assumed.internal_days * assumed.passing * WRITTEN_BYTES.value
    )
    broker_bytes = kept * assumed.replicas * assumed.free
    replicas = topics() * partitions * assumed.replicas
    # In with its replicas, out to the replicas, and out to who reads: the workers, all of it once.
    traffic = written * (2 * assumed.replicas)
    brokers = max(
        assumed.replicas,
        math.ceil(broker_bytes / (assumed.broker_disk_tb * TB)),
        math.ceil(traffic / (assumed.broker_mb_s * 1e6)),
        math.ceil(replicas / assumed.broker_replicas),
    )
    month = (
        workers * assumed.hours * (assumed.vcpu_hour + assumed.gib_hour * MEMORY_MIB.value / 1024)
        + brokers * assumed.hours * (4 * assumed.vcpu_hour + 16 * assumed.gib_hour)
        + (store + broker_bytes) / GB * assumed.disk_gb_month
        # Two of three copies, and two of three reads, are in another zone than their leader.
        + written * assumed.average * assumed.hours * 3600 / GB * (2 + 2 / 3)
        * assumed.between_zones_gb
    )  # fmt: skip
    return Size(
        rate, a_day / EVENTS_A_PARCEL.value, a_day * assumed.kept_days / EVENTS_A_PARCEL.value,
        states, for_judging, for_disk,
        states / (1 - assumed.dirty) / RESTORED_A_SECOND.value / 3600,
        partitions, written / 1e6, store / TB, broker_bytes / TB, brokers, replicas, month,
    )  # fmt: skip


def rate_of(parcels: float, assumed: Assumed = ASSUMED) -> float:
    """Events/s of the busiest hour, where so many parcels are kept."""
    return parcels * EVENTS_A_PARCEL.value / assumed.kept_days / DAY_S / assumed.average


def topics() -> int:
    """Topics that have as many partitions as the application."""
    return sum(spec.mate for spec in topic_specs(Settings()))


def rounded(count: float) -> int:
    """The least of 4, 6, 8 and 12, 16, 24, 36, 48, 72, times ten and so on: many counts of workers
    divide these."""
    power = 1
    while True:
        for step in (4, 6, 8) if power == 1 else (1.2, 1.6, 2.4, 3.6, 4.8, 7.2):
            if step * power >= count:
                return round(step * power)
        power *= 10


# -- keys ------------------------------------------------------------------------------------

SHOPS = 20_000


def spread(partitions: int, hot: Sequence[float], rng: random.Random) -> list[float]:
    """The busiest partition's work, by an even share, where one shop has that share of all orders.

    Parcels and orders are spread evenly. The other shops' sizes fall as their rank (Zipf, 1.0), and
    a shop is where Kafka's partitioner puts it.
    """
    others = [0.0] * partitions
    for rank in range(1, SHOPS + 1):
        others[home_of("douyin", f"s-{rng.randrange(10**9)}", partitions)] += 1 / rank
    total = sum(others)
    home = home_of("douyin", "hot", partitions)
    found = []
    for share in hot:
        load = [(1 - share) * each / total for each in others]
        load[home] += share
        found.append(1 - METER_SHARE.value + METER_SHARE.value * partitions * max(load))
    return found


CHUNK = 10_000
SECONDS = 20


def waits(rate: float, placeholder: float, cost: float, rng: random.Random) -> tuple[float, float]:
    """p99 of how long a record of one partition waits (ms), and how busy its worker is.

    `rate` records/s come to the partition, of them `placeholder`/s of one number; each chunk that
    holds one costs `cost` seconds more. A chunk is what came while the one before was in hand.
    """
    came = []
    at = 0.0
    while at < SECONDS:
        at += rng.expovariate(rate + placeholder)
        came.append((at, rng.random() < placeholder / (rate + placeholder)))
    waited: list[float] = []
    now, busy, first = 0.0, 0.0, 0
    while first < len(came):
        now = max(now, came[first][0])
        end = first
        while end < len(came) and end - first < CHUNK and came[end][0] <= now:
            end += 1
        chunk = came[first:end]
        took = len(chunk) * EVENT_US.value / 1e6 + cost * any(hot for _, hot in chunk)
        now += took
        busy += took
        waited += [now - at for at, hot in chunk if not hot]
        first = end
    waited.sort()
    return 1000 * waited[int(len(waited) * 0.99)], busy / max(now, SECONDS)


# -- deploys and losses ----------------------------------------------------------------------

REJOIN_S = (1.0, 3.0)
"""What a member that comes under its name takes besides starting, from the least to the most."""
ALL_STOP_S = (3.0, 6.0)
"""For how long every member stands still when one comes or goes that has no name."""


@dataclass(frozen=True, slots=True)
class Deploy:
    """A rolling restart, worker by worker. Seconds without judging, of a partition."""

    minutes: float
    longest: float
    in_all: float
    """Of a partition, over the whole deploy, the median."""
    caught_up: float
    """Seconds after its restart until a partition has caught up, the longest."""


def deployed(workers: int, named: bool, rng: random.Random, assumed: Assumed = ASSUMED) -> Deploy:
    """Each worker is stopped and started warm when the one before is ready."""
    stood = [0.0] * workers
    longest = 0.0
    passed = 0.0
    for number in range(workers):
        gap = WARM_S.value + rng.uniform(*REJOIN_S)
        if named:
            stood[number] += gap
        else:
            # It leaves, and comes back: all stand still twice, and its partitions go to and fro.
            twice = [rng.uniform(*ALL_STOP_S) for _ in range(2)]
            stood = [each + sum(twice) for each in stood]
            longest = max(longest, *twice)
            gap = max(twice)
        longest = max(longest, gap)
        passed += gap if named else WARM_S.value + sum(twice)
    catch = longest * assumed.busy / (1 - assumed.busy)
    return Deploy(passed / 60, longest, sorted(stood)[workers // 2], catch)


@dataclass(frozen=True, slots=True)
class Loss:
    """A zone of three is gone. Minutes until its partitions are judged again, and caught up."""

    first: float
    last: float
    caught_up: float
    """inf: never, the survivors are too few."""


def lost(size: Size, workers: int, busy: float, session: float, rng: random.Random) -> Loss:
    """The survivors share what the lost workers had, and restore it from the changelogs."""
    gone = math.ceil(workers / 3)
    survivors = workers - gone
    orphans = list(range(size.partitions * gone // workers))
    rng.shuffle(orphans)
    taken = [len(orphans[n::survivors]) for n in range(survivors)]
    records = size.states / (1 - ASSUMED.dirty) / size.partitions
    silent = session + TAKEOVER_S.value
    judged, caught = [], []
    load = busy * workers / survivors
    for count in taken:
        # All partitions of an assignment are judged when the last of them is restored.
        speed = RESTORED_A_SECOND.value * rng.uniform(0.9, 1.1)
        back = silent + count * records / speed
        judged.append(back / 60)
        # Its own partitions wait with them: what came meanwhile is read with what is left over.
        caught.append(math.inf if load >= 1 else (back + back * load / (1 - load)) / 60)
    return Loss(min(judged), max(judged), max(caught))


# -- the page --------------------------------------------------------------------------------

RATES = (1_000, 10_000, 100_000, 1_000_000)
BILLION = 1e9
LOSSES = (
    (1_000, 3, 45.0),
    (1_000, 12, 45.0),
    (10_000, 3, 45.0),
    (10_000, 12, 45.0),
    (100_000, 17, 45.0),
    (100_000, 24, 45.0),
    (100_000, 120, 45.0),
    (100_000, 120, 15.0),
)
"""Events/s, workers, session."""


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _short(value: float) -> str:
    for unit, name in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")):
        if value >= 0.9995 * unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def _three(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def _time(minutes: float) -> str:
    if math.isinf(minutes):
        return "never"
    if minutes < 2:
        return f"{minutes * 60:.0f} s"
    return f"{minutes:.0f} min" if minutes < 180 else f"{minutes / 60:.0f} h"


def steps() -> list[Size]:
    """The rates of the page, and what keeps a billion parcels, in order."""
    return sorted((sized(rate) for rate in (*RATES, rate_of(BILLION))), key=lambda size: size.rate)


def sizes() -> list[str]:
    """Workers, partitions, brokers, disks and money."""
    return [
        *_table(
            ("events/s", "parcels a day", "parcels kept", "states", "workers for CPU",
             "for 1 TB disks", "partitions"),
            (
                (_short(s.rate), _short(s.parcels_a_day), _short(s.parcels), _short(s.states),
                 f"{s.for_judging:,}", f"{s.for_disk:,}", f"{s.partitions:,}")
                for s in steps()
            ),
        ),
        "",
        *_table(
            ("events/s", "written MB/s", "workers' disks, TB", "brokers", "their disks, TB",
             "replicas", "a month"),
            (
                (_short(s.rate), _three(s.written_mb_s), _three(s.store_tb), f"{s.brokers:,}",
                 _three(s.broker_tb), f"{s.replicas:,}", f"{_short(s.month)} $")
                for s in steps()
            ),
        ),
    ]  # fmt: skip


def restores() -> list[str]:
    """How long a lost disk takes, by how many workers share the states."""
    return _table(
        ("events/s", "one worker for all", "as many as for CPU", "as for 1 TB disks",
         "workers for 15 min each"),
        (
            (_short(s.rate), _time(s.restore_h * 60), _time(s.restore_h * 60 / s.for_judging),
             _time(s.restore_h * 60 / s.for_disk), f"{math.ceil(s.restore_h * 4):,}")
            for s in steps()
        ),
    )  # fmt: skip


def shops() -> list[str]:
    """The busiest partition where one shop is hot, and the rate at which it is full."""
    rng = random.Random(SEED)
    rows = []
    for partitions in (4, 48, 480):
        hot = (0.0, 0.05, 0.2, 0.5)
        for one, share in zip(hot, spread(partitions, hot, rng), strict=True):
            most = EVENTS_A_WORKER.value * partitions / share
            rows.append((partitions, f"{one:.0%}", f"{share:.1f} ×", _short(most)))
    head = ("partitions", "orders of one shop", "busiest partition", "full at events/s")
    return _table(head, rows)


def placeholders() -> list[str]:
    """What a placeholder does to the other records of its partition."""
    rng = random.Random(SEED)
    rows = []
    for rate in (500, 2_000, 4_000):
        for placeholder in (0, 1, 10, 100):
            p99, busy = waits(rate, placeholder, PLACEHOLDER_S.value, rng)
            rows.append((f"{rate:,}", placeholder, f"{p99:.0f}", f"{busy:.0%}"))
    head = ("records/s of the partition", "of the placeholder", "p99 of the others, ms", "busy")
    return _table(head, rows)


def deploys() -> list[str]:
    """A rolling restart, with names and without."""
    rng = random.Random(SEED)
    rows = []
    for workers in (3, 24, 240):
        for named in (True, False):
            one = deployed(workers, named, rng)
            rows.append(
                (workers, "yes" if named else "no", f"{one.minutes:.1f}", f"{one.longest:.1f}",
                 f"{one.in_all:.0f}", f"{one.caught_up:.1f}")
            )  # fmt: skip
    head = ("workers", "with `SHIPSENTRY_GROUP_INSTANCE_ID`", "minutes", "longest gap, s",
            "gaps of a partition, s", "caught up after, s")  # fmt: skip
    return _table(head, rows)


def losses() -> list[str]:
    """A zone that is gone."""
    rng = random.Random(SEED)
    rows = []
    for rate, workers, session in LOSSES:
        busy = rate / workers / EVENTS_A_WORKER.value
        one = lost(sized(rate), workers, busy, session, rng)
        rows.append(
            (_short(rate), workers, f"{busy:.0%}", f"{session:.0f}", _time(one.first),
             _time(one.last), _time(one.caught_up))
        )  # fmt: skip
    head = ("events/s", "workers", "busy before", "session, s", "first judged", "last judged",
            "caught up")  # fmt: skip
    return _table(head, rows)


def assumptions() -> list[str]:
    """What the tables take for given."""
    given = ASSUMED
    return _table(
        ("taken for given", "value"),
        (
            ("average rate, by that of the busiest hour", f"{given.average:.0%}"),
            ("of a worker, what the busiest hour takes", f"{given.busy:.0%}"),
            ("days that states of a parcel are kept", f"{given.kept_days:.0f}"),
            ("of a changelog, what is not compacted yet", f"{given.dirty:.0%}"),
            ("of what is written, what tables tell each other", f"{given.passing:.0%}"),
            ("copies of each record", given.replicas),
            ("disk that is there, by what is full", f"{given.free:g}"),
            ("disk of a broker; bytes/s, in and out; replicas",
             f"{given.broker_disk_tb:g} TB; {given.broker_mb_s:.0f} MB/s; "
             f"{given.broker_replicas:,}"),
            ("a named worker's return, besides a warm start", "{:g} to {:g} s".format(*REJOIN_S)),
            ("everybody's pause where one without a name comes or goes",
             "{:g} to {:g} s".format(*ALL_STOP_S)),
            ("a vCPU, a GiB of memory, an hour", f"{given.vcpu_hour:g} $, {given.gib_hour:g} $"),
            ("a broker", "4 vCPU, 16 GiB"),
            ("a GB of disk, a month", f"{given.disk_gb_month:g} $"),
            ("a GB from zone to zone", f"{given.between_zones_gb:g} $"),
        ),
    )  # fmt: skip


TABLES: dict[str, Callable[[], list[str]]] = {
    "assumptions": assumptions,
    "sizes": sizes,
    "restores": restores,
    "shops": shops,
    "placeholders": placeholders,
    "deploys": deploys,
    "losses": losses,
}


def page(text: str) -> str:
    """The page with its tables made anew."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{PAGE.name} has no single place for the table {name!r}")
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = before + "\n".join([begin, "", *make(), "", end]) + after
    return text


def main() -> int:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="into docs/scaling.md")
    if parser.parse_args().write:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    for name, make in TABLES.items():
        print(f"{name}\n", *make(), "", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
