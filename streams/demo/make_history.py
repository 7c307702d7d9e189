"""Makes the demo's history: `python -m streams.demo.make_history [FILE]`. Same seed, same bytes.

The file is JSON Lines in gzip, in order of arrival: `received_at`, `topic`, `key`, and `value`, or
`base64` where the bytes are no JSON.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path
from typing import Any

from streams.demo import check_stories, lane_stories, stories
from streams.demo.ledger import HOURS, Ledger
from streams.demo.stories import Story
from streams.demo.world import SHOPS

SEED = 1111
FILE = Path(__file__).parent / "history.jsonl.gz"
LAST_PAYMENT = 128.0

GOOD_DAYS: tuple[tuple[Story, int], ...] = (
    (stories.fine, 610),
    (stories.combined, 12),
    (stories.split, 8),
    (stories.deposit, 8),
    (stories.self_pickup, 4),
)

TROUBLE: tuple[tuple[Story, tuple[float, ...]], ...] = (
    (stories.shipped_at_the_last_moment, (3, 37, 70)),
    (stories.shipped_late, (1, 44, 81)),
    (stories.never_shipped, (5, 92, 137, 141)),
    (stories.refunded_in_time, (9, 63)),
    (stories.refunded_late, (12, 58)),
    (stories.handover_back_filled, (2, 30, 66)),
    (stories.promise_moved, (20, 76)),
    (stories.promise_moved_in_vain, (16,)),
    (stories.same_day, (0.1, 26, 52, 170.5)),
    (stories.same_day_late, (0.4, 48)),
    (stories.picked_up_slowly, (0.2, 33, 79)),
    (stories.picked_up_late, (6, 41, 88)),
    (stories.picked_up_very_late, (11, 55)),
    (stories.never_picked_up, (95, 158)),
    (stories.pickup_back_filled, (4, 60, 104)),
    (stories.pickup_back_filled_late, (15, 72)),
    (stories.pickup_back_filled_very_late, (8, 47)),
    (stories.number_corrected, (22, 84)),
    (stories.hub_slow, (0.6, 39, 90)),
    (stories.hub_late, (7, 50)),
    (stories.hub_very_late, (10, 28)),
    (stories.lost, (18, 75, 152)),
    (stories.cancelled_by_carrier, (67,)),
    (stories.hub_back_filled, (14, 57, 110)),
    (stories.hub_back_filled_late, (24, 69)),
    (stories.hub_back_filled_very_late, (13, 35)),
    (check_stories.wrong_order_then_released, (1.5, 64)),
    (check_stories.later_order_refunded, (31,)),
    (check_stories.release_back_filled, (25, 101)),
    (check_stories.mistyped_then_released, (17, 73)),
    (check_stories.used_twice, (42, 149)),
    (lane_stories.stalled_nearby, (6, 40, 83)),
    (lane_stories.stalled_nearby_late, (19, 71)),
    (lane_stories.stalled_nearby_very_late, (2, 23, 45)),
    (lane_stories.stalled_nearby_for_good, (27, 54, 97)),
    (lane_stories.stalled_across_provinces, (11, 62)),
    (lane_stories.stalled_remote, (5, 29)),
    (lane_stories.stalled_back_filled, (17, 59)),
    (lane_stories.stalled_back_filled_very_late, (9, 21, 34)),
    (check_stories.placeholder_corrected, (32, 80, 115)),
    (check_stories.placeholder_left, (103, 157)),
    (check_stories.placeholder_of_no_parcel, (49, 94)),
    (check_stories.misfit_corrected, (38, 87)),
    (check_stories.misfit_left, (74, 121)),
    (check_stories.misfit_of_no_parcel, (56, 106)),
    (check_stories.labels_swapped, (26, 90)),
    (check_stories.neighbours_number_typed, (15, 68)),
    (check_stories.waybill_put_right, (36, 99)),
    (check_stories.old_number_corrected, (28, 85)),
    (check_stories.sent_before_paid, (52, 112)),
    (check_stories.payment_told_wrong, (43, 77)),
    (check_stories.going_round, (21, 66)),
    (check_stories.going_round_refunded, (47, 93)),
    (check_stories.going_round_released, (12, 61)),
    (check_stories.cloned, (33, 88, 105)),
    (check_stories.cloned_refunded, (18, 70)),
    (check_stories.cloned_told_apart, (41, 79)),
    (check_stories.called_back, (64, 124)),
    (check_stories.called_back_refunded, (30, 82)),
    (check_stories.called_back_in_vain, (24, 58)),
    (check_stories.cancelled_after_delivery, (16, 72)),
    (check_stories.second_number_late, (8, 48, 78)),
    (check_stories.second_number_taken_back, (13, 35, 65)),
    (check_stories.second_number_instead, (3, 31, 60)),
)
"""Each kind of trouble, with the hours of its payments."""

TRACK = b'{"carrier":"zto","tracking_number":"781234567890","status":"%s","occurred_at":"%s"}'


def records() -> list[dict[str, Any]]:
    """The whole history, in order of arrival."""
    book = Ledger(random.Random(SEED))  # noqa: S311  a seeded history, no secret
    for story, count in GOOD_DAYS:
        for number in range(count):
            paid = book.rng.random() ** 1.3 * LAST_PAYMENT
            story(book, SHOPS[number % len(SHOPS)], paid)
    for kind, (story, payments) in enumerate(TROUBLE):
        for number, paid in enumerate(payments):
            story(book, SHOPS[(kind + number) % len(SHOPS)], paid)
    _poison(book)
    late = [record for record in book.records if record["received_at"] >= book.iso(HOURS)]
    if late:
        raise ValueError(f"{len(late)} records arrive after the end of the history")
    return sorted(book.records, key=lambda record: (record["received_at"], record["topic"]))


def _poison(book: Ledger) -> None:
    """What every feed brings sooner or later: dead letters, which stop none of their neighbours."""
    track, order = "tracking-update", "order-paid"
    ok = b"2026-11-12T10:00:00+08:00"
    bad = [
        (track, TRACK[:60]),
        (track, TRACK % (b"hub", b"2026-11-12 10:00:00")),
        (track, TRACK % (b"PICKED-UP", ok)),
        (track, TRACK % (b"hub", b"1970-01-01T08:00:00+08:00")),
        (track, TRACK % (b"delivered", b"2027-11-14T10:00:00+08:00")),
        (track, '{"carrier":"yto","description":"【杭州市】已揽收"}'.encode("gbk")),
        (track, b'{"carrier":"yto","status":"hub","occurred_at":"%s"}' % ok),
        (track, None),
        (order, b'[{"tag":"101","msg_id":"1","data":"{}"}]'),
        (order, b'{"order_id":"1","shop_id":"s","platform":"tmall","paid_at":1794535200}'),
        (order, b'{"order_id":"2","shop_id":"s","platform":"tmall"}'),
        (order, b'{"order_id":"3","shop_id":"s","platform":"tmall","paid_at":NaN}'),
    ]
    for number, (topic, raw) in enumerate(bad):
        book.poison(topic, 5 + number * 14.5, raw, "zto:781234567890" if topic == track else None)


def encode(history: list[dict[str, Any]]) -> bytes:
    """The history as the bundled file's bytes; without a time stamp, so that they never change."""
    lines = [json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in history]
    return gzip.compress("".join(lines).encode(), 9, mtime=0)


def main() -> None:
    """Write the history to the file named, or to where the demo looks for it."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    history = records()
    path.write_bytes(encode(history))
    print(f"{len(history)} records, {path.stat().st_size / 1024:.0f} KiB: {path}")


if __name__ == "__main__":
    main()
