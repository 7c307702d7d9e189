"""A request of a source, from its proof to its answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from aiohttp import web
from aiohttp.client_exceptions import ClientPayloadError
from aiohttp.http_exceptions import HttpProcessingError

from streams.engine.kafka.topics import Topics
from streams.engine.pages.bounds import Busy, HungUp, Line
from streams.ingest.asks.wishes import wishes
from streams.ingest.feeds import Key, NamedFeed
from streams.ingest.letters import letter
from streams.ingest.limits import FORWARDED, Network, Rate, sender
from streams.ingest.publisher import NeverTaken, NotTaken, Outgoing, Publisher
from streams.ingest.records import record_of
from streams.ingest.uploads import Uploads
from streams.inputs.sources.parts import is_json
from streams.inputs.sources.payload import Feed, Outcome, Payload, Refusal, Unreadable
from streams.inputs.sources.source import Answer
from streams.telemetry import metrics
from streams.telemetry.events import Limited, event

log = logging.getLogger(__name__)

RETRY_AFTER_S = 1

_LARGE = 64 * 1024
"""Bytes of a body that is read in a thread: the event loop has others to answer."""

_UNPROVED = Answer(401, "", "text/plain")
_NO_FEED = Answer(404, "", "text/plain")
_TOO_LARGE = Answer(413, "", "text/plain")
_BROKEN = Answer(400, "", "text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a request may take: `deadline` in seconds, letters' bytes (0: no bodies in them)."""

    deadline: float
    at_once: int
    letter_bytes: int
    proxies: tuple[Network, ...] = ()


class _End(NamedTuple):
    """How a request ends: as metrics call it, and the answer."""

    outcome: str
    answer: Answer


class Intake:
    """Takes requests of feeds; whatever it answers as taken is on Kafka by then."""

    def __init__(
        self,
        feeds: Mapping[Key, NamedFeed],
        publisher: Publisher,
        topics: Topics,
        bounds: Bounds,
        now: Callable[[], datetime],
        uploads: Uploads | None = None,
    ) -> None:
        """`uploads` is needed where a feed's source remembers."""
        self._feeds = feeds
        self._publisher = publisher
        self._topics = topics
        self._bounds = bounds
        self._now = now
        self._line = Line(bounds.at_once)
        self._uploads = uploads
        self._turns = {key: asyncio.Lock() for key, feed in feeds.items() if feed.source.remembers}
        self._rates = {
            key: Rate(feed.rate_limit) for key, feed in feeds.items() if feed.rate_limit is not None
        }
        self._limited = Limited(10.0)
        metrics.INGEST_REQUESTS.labels("other", "other", "no_feed")
        for source, name in feeds:
            for outcome in metrics.INGEST_OUTCOMES:
                metrics.INGEST_REQUESTS.labels(source, name, outcome)
            metrics.INGEST_UNKNOWN_CODES.labels(source)

    async def handle(self, request: web.Request) -> web.Response:
        """The answer to `GET` and `POST` of `/in/{source}/{name}`."""
        key = request.match_info["source"], request.match_info["name"]
        feed = self._feeds.get(key)
        if feed is None:
            metrics.INGEST_REQUESTS.labels("other", "other", "no_feed").inc()
            return _response(_NO_FEED)
        began = time.perf_counter()
        end = await self._in_time(feed, request)
        metrics.INGEST_REQUESTS.labels(*key, end.outcome).inc()
        metrics.INGEST_SECONDS.observe((time.perf_counter() - began,), feed.source.name)
        return _response(end.answer)

    async def _in_time(self, feed: NamedFeed, request: web.Request) -> _End:
        if not self._from_allowed(feed, request):
            return self._unproved(feed, "address")
        again = feed.source.failed
        try:
            async with (
                asyncio.timeout(self._bounds.deadline) as deadline,
                self._line.turn(request.transport),
            ):
                return await self._taken(feed, request)
        except Busy:
            return _End("busy", again._replace(status=503))
        except TimeoutError:
            if not deadline.expired():
                raise
            self._say(feed, "not on Kafka, or not received, within the deadline")
            return _End("late", again)
        except web.HTTPRequestEntityTooLarge:
            return _End("too_large", _TOO_LARGE)
        except (HungUp, ConnectionError, ClientPayloadError, HttpProcessingError):
            return _End("broken", _BROKEN)

    async def _taken(self, feed: NamedFeed, request: web.Request) -> _End:
        payload = Payload(
            await request.read(),
            self._now(),
            _firsts((name.lower(), value) for name, value in request.headers.items()),
            _firsts(request.query.items()),
        )
        proved = feed.source.genuine(payload, feed.feed)
        if proved is not True:
            return self._unproved(feed, "unsigned" if proved is None else "forged")
        if request.method == "GET":
            return self._greeted(feed, payload)
        rate = self._rates.get(feed.key)
        if rate is not None and not rate.admit():
            return _End("limited", _answer(feed, payload, taken=False)._replace(status=429))
        try:
            if self._uploads is not None and feed.source.remembers:
                return await self._with_memory(feed, payload, self._uploads)
            outcome = await self._read(feed, feed.feed, payload)
            return await self._published(feed, payload, outcome)
        except NotTaken as error:
            self._say(feed, str(error))
            return _End("failed", _answer(feed, payload, taken=False))

    async def _with_memory(self, feed: NamedFeed, payload: Payload, uploads: Uploads) -> _End:
        """As others, by what former requests told; what this one tells is remembered last.

        Remembered first, a failure in between would make the next try think that it had released
        a number. Of a feed one request that asks or tells goes at a time. Raises NotTaken.
        """
        lookup = uploads.lookup(feed.key)
        knowing = replace(feed.feed, lookup=lookup)
        outcome = await self._read(feed, knowing, payload)
        if not (lookup.asked or outcome.remember):
            return await self._published(feed, payload, outcome)
        async with self._turns[feed.key]:
            if lookup.asked:
                await uploads.caught_up(self._bounds.deadline)
                outcome = await self._read(feed, knowing, payload)
            end = await self._published(feed, payload, outcome)
            await self._publisher.publish(uploads.records(feed.key, outcome.remember))
            return end

    async def _read(self, feed: NamedFeed, knowing: Feed, payload: Payload) -> Outcome:
        """What the source makes of a request; what it cannot read is a refusal."""
        try:
            if len(payload.body) > _LARGE:
                return await asyncio.to_thread(feed.source.read, payload, knowing)
            return feed.source.read(payload, knowing)
        except Unreadable as error:
            return Outcome(refusals=[Refusal("unreadable", str(error))])
        except Exception as error:
            # A fault of ours: trying again would meet it again, and the letter has the body.
            log.exception(
                "%(source)s/%(feed)s: a request could not be read",
                event("ingest_read_failed", source=feed.source.name, feed=feed.name),
            )
            return Outcome(refusals=[Refusal("processing_failed", type(error).__name__)])

    async def _published(self, feed: NamedFeed, payload: Payload, outcome: Outcome) -> _End:
        """The answer once all of a request is on Kafka. Raises NotTaken."""
        records = [record_of(message, feed, self._topics) for message in outcome.messages]
        asked, refusals = self._wishes(feed, payload, outcome), list(outcome.refusals)
        letters = self._letter(feed, payload, refusals)
        try:
            await self._publisher.publish([*records, *asked, *letters])
        except NeverTaken as error:
            # Which of the records it was, and that the others are there, is in the letter's body.
            reason = "too_large" if error.too_large else "processing_failed"
            refusals.insert(0, Refusal(reason, str(error)))
            await self._publisher.publish([*asked, *self._letter(feed, payload, refusals)])
        else:
            for record in records:
                metrics.INGEST_RECORDS.labels(feed.source.name, record.topic).inc()
        self._count(feed, outcome)
        return _End("dead_letter" if refusals else "taken", _answer(feed, payload, taken=True))

    def _wishes(self, feed: NamedFeed, payload: Payload, outcome: Outcome) -> list[Outgoing]:
        """What the feed's platform is to be asked for, where it is asked."""
        if feed.asking is None:
            return []
        return wishes(self._topics.wanted, feed.key, payload.body, outcome.wanted)

    def _letter(
        self, feed: NamedFeed, payload: Payload, refusals: Sequence[Refusal]
    ) -> list[Outgoing]:
        if not refusals:
            return []
        made = letter(self._topics.dead_letters, feed, payload, refusals, self._bounds.letter_bytes)
        return [Outgoing(made.topic, made.key or b"", made.value)]

    def _count(self, feed: NamedFeed, outcome: Outcome) -> None:
        source = feed.source.name
        for reason, number in outcome.passed.items():
            metrics.INGEST_PASSED.labels(source, reason).inc(number)
        metrics.INGEST_UNKNOWN_CODES.labels(source).inc(outcome.unknown.total())
        if outcome.wanted:
            metrics.INGEST_WANTED.labels(source).inc(
                len({each.order_id for each in outcome.wanted})
            )

    def _from_allowed(self, feed: NamedFeed, request: web.Request) -> bool:
        if not feed.allow:
            return True
        forwarded = request.headers.getall(FORWARDED, [])
        address = sender(request.remote or "", forwarded, self._bounds.proxies)
        return address is not None and any(address in network for network in feed.allow)

    def _greeted(self, feed: NamedFeed, payload: Payload) -> _End:
        """What a source that asks whether we are there gets back."""
        echo = payload.query.get(feed.source.echo, "") if feed.source.echo else ""
        if not echo:
            return _End("broken", _BROKEN)
        return _End("taken", Answer(200, echo, "text/plain"))

    def _unproved(self, feed: NamedFeed, outcome: str) -> _End:
        """Refused without a hint; the log says which feed it was, once in a while."""
        left_out = self._limited.admit(f"{outcome} {feed.source.name}/{feed.name}")
        if left_out is not None:
            log.warning(
                "%(source)s/%(feed)s: a request is refused: %(outcome)s",
                event(
                    "ingest_refused",
                    source=feed.source.name,
                    feed=feed.name,
                    outcome=outcome,
                    left_out=left_out,
                ),
            )
        return _End(outcome, _UNPROVED)

    def _say(self, feed: NamedFeed, why: str) -> None:
        left_out = self._limited.admit(f"failed {feed.source.name}/{feed.name}")
        if left_out is not None:
            log.warning(
                "%(source)s/%(feed)s: a request is not taken, its source is to try again: %(why)s",
                event(
                    "ingest_not_taken",
                    source=feed.source.name,
                    feed=feed.name,
                    why=why,
                    left_out=left_out,
                ),
            )


def _answer(feed: NamedFeed, payload: Payload, *, taken: bool) -> Answer:
    """What the source wants to hear, in the form in which it asked."""
    source = feed.source
    in_xml = source.taken_xml if taken else source.failed_xml
    plain = source.taken if taken else source.failed
    answer = plain if in_xml is None or is_json(payload.body) else in_xml
    return answer if source.addressed is None else source.addressed(answer, payload)


def _response(answer: Answer) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if answer.status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return web.Response(
        status=answer.status,
        body=answer.body.encode("utf-8", "replace"),
        content_type=answer.content_type,
        charset="utf-8",
        headers=headers,
    )


def _firsts(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names with the first value of each."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
