"""A source: how its requests are signed, read and answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from streams.inputs.sources.asking import Api
from streams.inputs.sources.codes import Codes
from streams.inputs.sources.payload import Feed, Outcome, Payload
from streams.inputs.sources.signing import base64_of, equal, hmac_sha256

Checked = Literal["signature", "password"]
"""What proves a request: a signature over its body, or a secret that is sent along."""


class Answer(NamedTuple):
    """An HTTP answer, exactly as the source wants it."""

    status: int
    body: str
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Source:
    """One source.

    `read` turns a payload into messages; it raises Unreadable for what is not of the source's form,
    and nothing else, whatever the bytes. `genuine` says whether a request was made by who knows the
    feed's secret, None where it bears no proof at all; it is asked before `read`, and a service
    takes None for no. `taken` is what the source wants to hear once everything is on Kafka,
    `failed` where it shall try again; `taken_xml` and `failed_xml` the same for requests in XML,
    where it asks in both. `addressed` fills in what an answer has of the request. `echo` is the
    parameter of a GET whose value the source wants back when the address is given to it.
    `remembers`: its payloads refer to what former ones said. `api` is how its platform is asked for
    an order that they say too little of.
    """

    name: str
    title: str
    codes: Codes
    checked: Checked
    read: Callable[[Payload, Feed], Outcome]
    genuine: Callable[[Payload, Feed], bool | None]
    taken: Answer
    failed: Answer
    taken_xml: Answer | None = None
    failed_xml: Answer | None = None
    addressed: Callable[[Answer, Payload], Answer] | None = None
    echo: str = ""
    remembers: bool = False
    api: Api | None = None


def by_token(payload: Payload, feed: Feed) -> bool | None:
    """Whether the address has the feed's secret as `token`: for sources that do not sign."""
    token = payload.query.get("token")
    return None if token is None else equal(token, feed.secret)


def by_hmac(header: str) -> Callable[[Payload, Feed], bool | None]:
    """Whether a header, named in lower case, is base64 of HMAC-SHA256 of the raw body."""

    def genuine(payload: Payload, feed: Feed) -> bool | None:
        sent = payload.headers.get(header)
        right = base64_of(hmac_sha256(feed.secret, payload.body))
        return None if sent is None else equal(sent, right)

    return genuine
