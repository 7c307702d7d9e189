"""How ZTO asks: a form with `data` and `data_digest`, or the bare JSON of a query's answer."""

from __future__ import annotations

from streams.inputs.sources.parts import Object, form_of, is_json, json_lines, object_of
from streams.inputs.sources.payload import Feed, Payload, Unreadable
from streams.inputs.sources.signing import base64_of, equal, md5, octets


def opened(payload: Payload) -> list[Object]:
    """The pushed lines, or the answer to a query. Raises Unreadable.

    Also of recorded pushes: a JSON object of form fields on each line.
    """
    if is_json(payload.body):
        said = json_lines(payload.body)
        return [object_of(each["data"], "data") if _is_form(each) else each for each in said]
    form = form_of(payload.body)
    if "data" not in form:
        raise Unreadable("the form has no field data")
    return [object_of(form["data"], "data")]


def genuine(payload: Payload, feed: Feed) -> bool | None:
    """Whether `data_digest` is base64 of the MD5 of data and the app's secret."""
    try:
        if is_json(payload.body):
            forms = json_lines(payload.body)
            # A line beside signed ones would be read without a signature of its own.
            if not all(map(_is_form, forms)):
                return None
        else:
            forms = [{**form_of(payload.body)}]
    except Unreadable:
        return False
    if not all("data_digest" in form for form in forms):
        return None
    return all(_signed(form, feed.secret) for form in forms)


def _signed(form: Object, secret: str) -> bool:
    right = base64_of(md5(octets(str(form.get("data", "")) + secret)))
    return equal(str(form["data_digest"]), right)


def _is_form(said: Object) -> bool:
    return isinstance(said.get("data"), str)
