"""Provinces and cities: names and region codes to GB/T 2260 codes.

An address from a shop and a location from a carrier spell the same place in many ways. Both
become codes ("44" Guangdong, "4403" Shenzhen), which compare; a place that is not recognised
is None, which is *not known* and never *different*.
"""

from __future__ import annotations

from streams.reference.places.table import Table

_MAX_CACHED = 100_000
_table = Table.load()
_cache: dict[tuple[str | None, str | None, str | None], tuple[str | None, str | None]] = {}


def normalise(
    province: str | None, city: str | None, region_code: str | None
) -> tuple[str | None, str | None]:
    """Return the codes of a province and a city, each None where it is not known.

    A valid `region_code` decides; what it does not say comes from the names. A municipality
    (Beijing, Tianjin, Shanghai, Chongqing), Hong Kong and Macau each have one city code, however
    their city is written, a district's name included. Counties directly under a province share
    the code GB/T 2260 gives them together (`4290`). A county-level city counts as the city that
    administers it.
    """
    key = (province, city, region_code)
    found = _cache.get(key)
    if found is None:
        found = _table.find(province, city, region_code)
        if len(_cache) >= _MAX_CACHED:
            _cache.clear()
        _cache[key] = found
    return found


def province_name(code: int | str) -> str:
    """The short name of a province ("65" is 新疆); of an unknown code the code itself."""
    spellings = [name for name, own in _table.provinces.items() if own == str(code)]
    return spellings[1] if len(spellings) > 1 else str(code)


def official_name(code: str) -> str | None:
    """Return what GB/T 2260 calls a province (two digits) or a city (four) today, None: no name."""
    return _table.names.get(code)


__all__ = ["normalise", "official_name", "province_name"]
