"""The figures of the platforms' rule texts as tables: compare them line by line.

`>` means that more than the limit breaches, `≥` that reaching it does, `–` that there is none.
Hours unless a unit is written. Sums of money have their own table in
`tests/profiles/test_money.py`, lines of shops and products in `tests/state/test_meters.py`.
`read` turns a table into rows, one dictionary a line.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

HOUR = timedelta(hours=1)

PLATFORMS = ("douyin", "tmall", "brief")

CLOCKS = """
| clock                 | started by | ended by          | stage     | douyin | tmall | brief |
| pickup_overdue        | upload     | picked_up         | violation | > 24   | > 24  | –     |
| pickup_overdue        | upload     | picked_up         | serious   | > 48   | –     | –     |
| inactive_after_pickup | picked_up  | hub               | violation | > 24   | > 24  | > 24  |
| inactive_after_pickup | picked_up  | hub               | serious   | > 48   | ≥ 72  | –     |
| ship_overdue          | payment    | picked_up         | violation | > 48   | > 48  | > 48  |
"""
"""The limit of `ship_overdue` is that of an order without a promise of its own."""

LANES = """
| lane          | between                                    | stage     | douyin | tmall | brief |
| near          | both in jiangsu zhejiang shanghai anhui    | violation | > 48   | > 48  | > 48  |
| near          | both in jiangsu zhejiang shanghai anhui    | serious   | –      | ≥ 96  | –     |
| near          | both in beijing tianjin hebei              | violation | > 48   | > 48  | > 48  |
| near          | both in beijing tianjin hebei              | serious   | –      | ≥ 96  | –     |
| near          | the same province, not remote              | violation | > 48   | > 48  | > 48  |
| near          | the same province, not remote              | serious   | –      | ≥ 96  | –     |
| cross         | different provinces                        | violation | > 72   | > 72  | > 72  |
| cross         | different provinces                        | serious   | –      | ≥ 120 | –     |
| remote        | either in a remote province                | violation | > 120  | > 120 | > 120 |
| remote        | either in a remote province                | serious   | –      | ≥ 168 | –     |
| unknown       | either not known: the longest              | violation | > 120  | > 120 | > 120 |
| unknown       | either not known: the longest              | serious   | –      | ≥ 168 | –     |
"""

REMOTE = """
| province       | code | douyin   | tmall    | brief  |
| xinjiang       | 65   | remote   | remote   | remote |
| tibet          | 54   | remote   | remote   | remote |
| inner mongolia | 15   | remote   | remote   | remote |
| qinghai        | 63   | remote   | remote   | remote |
| ningxia        | 64   | remote   | remote   | remote |
| gansu          | 62   | remote   | remote   | remote |
| yunnan         | 53   | remote   | –        | remote |
| hainan         | 46   | remote   | –        | remote |
| taiwan         | 71   | –        | excluded | –      |
| hong kong      | 81   | –        | excluded | –      |
| macau          | 82   | –        | excluded | –      |
"""

NEAR_GROUPS = """
| province | code | group | neighbours outside           |
| jiangsu  | 32   | delta | shandong 37                  |
| zhejiang | 33   | delta | fujian 35, jiangxi 36        |
| shanghai | 31   | delta | shandong 37, beijing 11      |
| anhui    | 34   | delta | henan 41, hubei 42           |
| beijing  | 11   | north | liaoning 21, shanghai 31     |
| tianjin  | 12   | north | shandong 37                  |
| hebei    | 13   | north | shanxi 14, henan 41          |
"""

PROVINCES = [
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64"),
    *("65", "71", "81", "82"),
]
"""Every province of GB/T 2260."""

CHECKS = """
| rule                      | douyin                                | tmall                    | brief                    |
| duplicate_tracking_number | another address, 30 d                 | another address, 30 d    | another person, 30 d     |
| malformed_tracking_number | on                                    | on                       | on                       |
| address_mismatch          | on                                    | on                       | on                       |
| tracked_before_paid       | any record before the final payment   | pickup before the first payment | pickup before the first payment |
| repeated_track            | 3 times                               | 3 times                  | 3 times                  |
| cloned_track              | 4 records                             | 4 records                | –                        |
| recalled                  | on                                    | on                       | –                        |
| reshipped_while_late      | on                                    | –                        | –                        |
| delivery_overdue          | –                                     | –                        | –                        |
"""  # noqa: E501  a table is read in columns

LESSER = {"repeated_track": "warning"}
"""The severity of a rule that is not critical on any platform."""

TOLERANCE = timedelta(minutes=5)
"""Between a payment and a scan: clocks of shops and carriers differ."""


class Figure(NamedTuple):
    """A limit, and whether reaching it breaches (≥) or only passing it (>)."""

    limit: timedelta
    at_least: bool


def read(table: str) -> list[dict[str, str]]:
    """The rows of a table, each by column title."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def figure(text: str) -> Figure | None:
    """A limit as a table writes it; None for a dash."""
    if text == "–":
        return None
    sign, hours = text.split()
    assert sign in (">", "≥"), text
    return Figure(int(hours) * HOUR, sign == "≥")


def numbers(text: str) -> list[str]:
    """The province codes in a cell."""
    return [word for word in text.replace(",", " ").split() if word.isdigit()]
