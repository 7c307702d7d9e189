"""How Kuaidi100 asks: a form with `param` and `sign`, or the bare JSON of a query's answer."""

from __future__ import annotations

from streams.inputs.sources.parts import Object, form_of, inner, is_json, object_of
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import equal, md5, octets

GAVE_UP = ("abort", "shutdown")
"""Of a subscription that ended: the push may tell of no parcel any more."""


def opened(payload: Payload) -> list[Object]:
    """What is known of the parcel, objects with `com`, `nu` and `data`. Raises Unreadable.

    A push has it as `lastResult`, and its second leg abroad, a parcel of its own number, as
    `destResult`; a query's answer is it.
    """
    if is_json(payload.body):
        said = object_of(payload.body, "the body")
    else:
        form = form_of(payload.body)
        if "param" not in form:
            raise Unreadable("the form has no field param")
        said = object_of(form["param"], "param")
    legs = [inner(said, "lastResult"), inner(said, "destResult")]
    found = [leg for leg in (said, *legs) if "data" in leg and "nu" in leg]
    if not found and "lastResult" not in said and said.get("status") not in GAVE_UP:
        raise Unreadable("there is neither lastResult nor a parcel's data: com, nu and data")
    return found


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `sign` is upper hex MD5 of param and the salt given at the subscription."""
    try:
        form = form_of(payload.body)
    except Unreadable:
        return False
    if "sign" not in form:
        return None
    right = md5(octets(form.get("param", "") + feed.secret)).hex().upper()
    return equal(form["sign"], right)
