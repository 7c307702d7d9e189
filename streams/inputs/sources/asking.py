"""How a platform is asked for an order of which its pushes say too little.

`answers.tsv` in a source's folder says, a row a code, what the codes of its answers come to, with
where each was seen:

- `again`: it could not answer just now.
- `throttled`: it was asked too often.
- `denied`: it does not let us ask, whatever the order: key, token, signature, permission, address.
- `gone`: there is no such order.
- `refused`: anything else. So is a code that no row has.

A code `*` is any other one that begins like the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Literal, NamedTuple, get_args

from streams.inputs.sources.parts import Object

Verdict = Literal["again", "throttled", "denied", "gone", "refused"]

VERDICTS: tuple[str, ...] = get_args(Verdict)

Need = Literal["app_key", "secret", "token", "shop_cipher"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks: the application's key and secret, the shop's token, TikTok Shop's `shop_cipher`."""

    app_key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    shop_cipher: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A request to a platform; `path` and `query` go behind its address."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class AnswerRow(NamedTuple):
    """A code of an answer, what it comes to, the platform's words for it, and where it was seen."""

    code: str
    verdict: Verdict
    words: str
    seen: str


@dataclass(frozen=True, slots=True)
class Api:
    """How one platform is asked.

    `address` is where, unless a feed says otherwise. `needs` is what a feed must have for it.
    `says` is what the answers add to the pushes. `query` makes the request for an order at a
    moment; `failed` has the codes of an answer that says no, the finest first, none of one that is
    an order. `own_secret`: what proves the pushes is not what signs the requests.
    """

    address: str
    needs: tuple[Need, ...]
    says: str
    query: Callable[[str, Credentials, datetime], Query]
    failed: Callable[[Object], Sequence[str]]
    answers: tuple[AnswerRow, ...]
    own_secret: bool = False

    def verdict(self, codes: Sequence[str], own: Mapping[str, Verdict]) -> Verdict:
        """What codes of an answer come to; `own` is what an operator says of them, and goes before
        the table."""
        for code in codes:
            if code in own:
                return own[code]
        for code in codes:
            for row in self.answers:
                known, star, _ = row.code.partition("*")
                if code == row.code or (star and code.startswith(known)):
                    return row.verdict
        return "refused"


def answers_of(package: str) -> tuple[AnswerRow, ...]:
    """The table in a source's folder. Raises ValueError where a row is wrong."""
    rows = []
    lines = files(package).joinpath("answers.tsv").read_text("utf-8").splitlines()[1:]
    for number, line in enumerate(lines, 2):
        cells = line.split("\t")
        if len(cells) != 4 or cells[1] not in VERDICTS:
            raise ValueError(f"{package}/answers.tsv:{number}: code, verdict, words, seen")
        rows.append(AnswerRow(*cells))  # type: ignore[arg-type]  # looked at above
    return tuple(rows)
