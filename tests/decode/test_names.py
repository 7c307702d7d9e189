"""Carriers and platforms by their names: the tables, and what is in none of them."""

from __future__ import annotations

from importlib.resources import files

import pytest

from schemas.cleaning import clean
from streams.decode import parcel_key
from streams.decode.names import BUILT_IN, MAX_UNLISTED, Names, with_own
from streams.reference.names import CARRIERS, PLATFORMS

CODES = (
    *("sf", "zto", "yto", "sto", "yunda", "jd", "jtexpress", "ems", "chinapost", "deppon", "best"),
    *("zjs", "ttk", "uce", "kye", "cainiao", "ups", "fedex", "dhl", "usps"),
)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("中通快递", "zto"),
        ("zhongtong", "zto"),
        ("ZTO", "zto"),
        ("中通", "zto"),
        ("190455", "zto"),
        ("顺丰速运", "sf"),
        ("順豐速運", "sf"),
        ("圆通速递", "yto"),
        ("申通快递", "sto"),
        ("韵达快递", "yunda"),
        ("YD", "yunda"),
        ("百世快递", "best"),
        ("邮政EMS", "ems"),
        ("邮政快递包裹", "chinapost"),
        ("极兔速递", "jtexpress"),
        ("J&T Express", "jtexpress"),
        ("京东物流", "jd"),
        ("德邦快递", "deppon"),
        ("190271", "cainiao"),
        ("US-Post", "usps"),
        ("中通国际", "中通国际"),
        ("韵达国际", "韵达国际"),
        ("圆通国际", "圆通国际"),
        ("京东国际", "京东国际"),
        ("中通快运", "中通快运"),
        ("Own Van", "own van"),
    ],
)
def test_a_carrier_has_a_code(name: str, code: str) -> None:
    """By any of its names; what only contains one is another carrier, and the rest stay."""
    assert BUILT_IN.carrier(name) == code
    assert parcel_key(f"\t{name}\u3000", "'yt 1") == f"{code}:YT1"


@pytest.mark.parametrize(("name", "table"), [("carriers", CARRIERS), ("platforms", PLATFORMS)])
def test_tables_are_well_formed(name: str, table: dict[str, str]) -> None:
    """Each row has a name, clean and lower-case, once; a code is a name of itself; each says where
    it is from."""
    path = files("streams.reference.names").joinpath(f"{name}.tsv")
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(rows) == len(table)
    for alias, code, source in rows:
        assert alias == clean(alias).lower()
        assert ":" not in alias
        assert table[code] == code
        assert source


def test_the_canonical_carriers_are_there() -> None:
    """Exactly those that adapters know."""
    assert set(CARRIERS.values()) == set(CODES)


def test_an_operators_rows_are_laid_over() -> None:
    """They add names and change others; the project's own tables stay as they are."""
    names = with_own({"own van": "van", "邮政": "ems"}, {"my shop": "shopify"}, ["brief"])
    assert (names.carrier("OWN VAN"), names.carrier("邮政"), names.carrier("zto")) == (
        "van",
        "ems",
        "zto",
    )
    assert names.platform(" My Shop") == ("My Shop", "shopify")
    assert BUILT_IN.carrier("邮政") == "chinapost"
    assert names.unknown("carrier", ["van", "zto", "lorry", ""]) == {"lorry"}
    assert names.unknown("platform", ["brief", "tmall", "shopify", "bazaar"]) == {"bazaar"}


def test_what_is_in_no_table_is_listed() -> None:
    """Once each, of both kinds, and not without end."""
    names = Names({"zto": "zto"}, {"tmall": "tmall"})
    for _ in range(2):
        for sent in ("ZTO", "Lorry", "lorry ", ""):
            names.carrier(sent)
        names.platform("Etsy")
        names.platform("tmall")
    assert list(names.unlisted) == [("carrier", "lorry"), ("platform", "etsy")]
    for number in range(2 * MAX_UNLISTED):
        names.carrier(f"x{number}")
    assert len(names.unlisted) == MAX_UNLISTED


def test_what_can_be_no_key_is_empty() -> None:
    """A colon, also a wide one, or nothing at all."""
    assert [BUILT_IN.carrier(name) for name in ("a:b", "a：b", "\u200b", "")] == [""] * 4
