"""Provinces and cities: names and region codes to GB/T 2260 codes.

An address from a shop and a location from a carrier spell the same place in many ways. Both
become codes ("44" Guangdong, "4403" Shenzhen), which compare; a place that is not recognised
is None, which is *not known* and never *different*.
"""

from __future__ import annotations

from streams.reference.places.table import Codes, Table

_MAX_CACHED = 100_000
_table = Table.load()
_cache: dict[tuple[str | None, str | None, str | None, str | None], Codes] = {}


def find(
    country: str | None, region_code: str | None, province: str | None, city: str | None
) -> Codes:
    """Return the codes of a province (two digits) and a city (four), each None: not known.

    `country` is ISO 3166-1 alpha-2; None or empty is CN. HK, MO and TW are provinces without a
    city, any other country is neither. A valid `region_code`, of any edition of GB/T 2260, decides
    by the city of today that its county belongs to; what it does not say comes from the names, and
    a city's province from the city. A municipality (Beijing, Tianjin, Shanghai, Chongqing), Hong
    Kong and Macau each have one city code, however their city is written, a district's name
    included. Counties directly under a province share the code GB/T 2260 gives them together
    (`4290`). A county-level city counts as the city that administers it.
    """
    key = (country, region_code, province, city)
    found = _cache.get(key)
    if found is None:
        found = _table.find(*key)
        if len(_cache) >= _MAX_CACHED:
            _cache.clear()
        _cache[key] = found
    return found


def normalise(province: str | None, city: str | None, region_code: str | None) -> Codes:
    """Return what `find` says of a place in China."""
    return find(None, region_code, province, city)


def province_name(code: int | str) -> str:
    """The short name of a province ("65" is 新疆); of an unknown code the code itself."""
    return _table.short.get(str(code), str(code))


def official_name(code: str) -> str | None:
    """Return what GB/T 2260 calls a province (two digits) or a city (four) today, None: no name."""
    return _table.names.get(code)


def is_name(text: str) -> bool:
    """Whether a text is nothing but names of provinces, cities and counties, in any spelling."""
    return _table.is_name(text)


def at_start(text: str) -> tuple[str, str]:
    """Return the province and the city with which an address begins, as written; empty: neither."""
    return _table.at_start(text)


__all__ = ["at_start", "find", "is_name", "normalise", "official_name", "province_name"]
