"""The channels of a routes file, made and checked; nothing is asked of their servers."""

from __future__ import annotations

from streams.notify.channels.make import make_channel
from streams.notify.channels.table import WrongChannel
from streams.notify.message import Channel
from streams.notify.routes import Plan, WrongRoutes
from streams.notify.texts.links import Links
from streams.notify.texts.texts import Texts, WrongTemplate


def open_channels(plan: Plan, links: Links | None) -> dict[str, Channel]:
    """By name. Raises WrongRoutes where a channel's table or a template cannot be used."""
    try:
        texts = Texts(plan.texts)
    except WrongTemplate as error:
        raise WrongRoutes([plan.problem(("texts",), str(error))]) from error
    found: dict[str, Channel] = {}
    problems = []
    for name, table in plan.channels.items():
        try:
            found[name] = make_channel(name, table, links, texts)
        except WrongChannel as error:
            problems.append(plan.problem(("channels", name, *error.field.split(".")), str(error)))
    if problems:
        raise WrongRoutes(problems)
    return found
