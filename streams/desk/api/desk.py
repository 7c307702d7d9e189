"""What the routes work with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from fastapi import Request

from streams.desk.access.who import Who
from streams.desk.api.news import News
from streams.desk.database.database import Database
from streams.desk.notify.telling import Telling


@dataclass(slots=True)
class Desk:
    """A desk that is served: its database, what time it is (µs), and how it does.

    `names` are hosts by which it may be asked for, besides addresses and localhost. `problem` says
    why it is not ready (None: it is), `metrics` what Prometheus is told. `acknowledge` is how long
    an acknowledgement without an end holds (µs; None: as long as its state), `telling` whom it
    tells (None: nobody).
    """

    database: Database
    clock: Callable[[], int]
    names: frozenset[str] = frozenset()
    problem: Callable[[], str | None] = lambda: None
    metrics: Callable[[], bytes] = lambda: b""
    acknowledge: int | None = None
    telling: Telling | None = None
    news: News = field(init=False)

    def __post_init__(self) -> None:
        self.news = News(self.database)


def desk_of(request: Request) -> Desk:
    """The desk that a request is for."""
    desk: Desk = request.app.state.desk
    return desk


def who_of(request: Request) -> Who:
    """Who asks, once the guard has let them in."""
    who: Who = request.state.who
    return who


def known_hosts(host: str, more: Iterable[str]) -> frozenset[str]:
    """The names of a desk that is served on `host`."""
    return frozenset(name.lower() for name in (host, *more) if name)
