"""A message of version 1 means what it meant: facts of its examples as release 0.1.0 made them.

`data/first_messages.json` has them, written by that release: reason and field where it refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import schemas
from schemas import times
from streams.decode import Bad, decode_order, decode_tracking
from streams.facts import kept

ARRIVAL_US = times.to_us(times.parse("2026-12-01T00:00:00Z"))
EXAMPLES = Path(schemas.__file__).parent / "examples"
FIRST = json.loads((Path(__file__).parents[1] / "data" / "first_messages.json").read_text("utf-8"))
RENAMED = {
    # "a `delivery_method` not listed counts as not `express`"
    "order-paid/invalid_unknown_value_delivery_method": "order-paid/valid_other_delivery_method",
}


def said(name: str) -> dict[str, Any]:
    """What an example comes to now, as the file has it."""
    topic, _, file = name.partition("/")
    raw = (EXAMPLES / topic / f"{file}.json").read_bytes()
    if topic == "order-paid":
        made: Any = decode_order(raw, None, ARRIVAL_US, ARRIVAL_US)
    else:
        made = decode_tracking(raw, ARRIVAL_US)
    if isinstance(made, Bad):
        return {"refused": [made.reason, made.field]}
    fields = {name: getattr(made, name) for name in made.__struct_fields__}
    return dict(json.loads(msgspec.json.encode(fields)))


@pytest.mark.parametrize("name", sorted(set(FIRST) - set(RENAMED)))
def test_an_old_message_means_what_it_meant(name: str) -> None:
    """Every field that facts had then has the same value, digests above all."""
    found = said(name)
    for field, value in FIRST[name].items():
        if field == "tie" and value:
            # What that release kept becomes what this one keeps (its ties wrote no nulls).
            assert _without_nulls(found[field]) == _without_nulls(kept.canonical(value))
        elif field in ("location", "recipient", "ship_from") and value is not None:
            assert found[field] == [*value, *[None] * (len(found[field] or ()) - len(value))]
        else:
            assert found.get(field) == value, field


def _without_nulls(tie: str) -> str:
    fields = {name: value for name, value in json.loads("{" + tie).items() if value is not None}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def test_what_the_contract_says_otherwise() -> None:
    """A method that is not listed is no dead letter any more."""
    for old, new in RENAMED.items():
        assert "refused" in FIRST[old]
        assert "refused" not in said(new)
