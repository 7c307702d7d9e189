"""Who comes from the provider: name, role and shops by the claims of the ID token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from streams.decode.names import BUILT_IN, Names
from streams.desk.access.secrets import digest
from streams.desk.access.who import Role, shop_named
from streams.desk.database.sight import Sight
from streams.facts.times import MINUTE

Reason = Literal["away", "busy", "expired", "denied", "untrusted", "no_role", "no_shop", "name"]
"""Why somebody is not let in; the page of signing in says what to do about each."""

LASTS = 10 * MINUTE
"""How long somebody may take at the provider."""

ANYBODY = "*"
"""Of roles: whoever the provider lets in. Of shops: every shop."""

_NAME = re.compile(r"[\w.@+|-]{1,64}")


class NotLetIn(Exception):
    """Somebody is not let in; `detail` is for the log, and names nobody."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Claims:
    """Which claim says what. `roles` are values of `role` and the role that each gives; `names` are
    those that platforms of shops go by."""

    user: str
    roles: tuple[tuple[str, Role], ...]
    role: str | None = None
    shops: str | None = None
    names: Names = BUILT_IN


@dataclass(frozen=True, slots=True)
class Person:
    """Who is let in; `subject` is a hash of who the provider says it is, and stays where a name
    changes."""

    name: str
    subject: str
    role: Role
    shops: Sight


def person(said: Mapping[str, Any], claims: Claims) -> Person:
    """Who the claims of a proven ID token are of. Raises NotLetIn."""
    subject = str(said["sub"])
    name = said.get(claims.user, subject)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NotLetIn("name", f"the claim {claims.user} is no name of a user")
    has = _values(said, claims.role)
    roles = [role for value, role in claims.roles if value == ANYBODY or value in has]
    if not roles:
        raise NotLetIn("no_role", f"no value of the claim {claims.role} gives a role")
    return Person(name, digest(f"{said['iss']}\n{subject}"), max(roles), _sight(said, claims))


def _sight(said: Mapping[str, Any], claims: Claims) -> Sight:
    if claims.shops is None:
        return None
    named = _values(said, claims.shops)
    if ANYBODY in named:
        return None
    try:
        shops = frozenset(shop_named(each, claims.names) for each in named)
    except ValueError as error:
        raise NotLetIn("no_shop", f"the claim {claims.shops} names what is no shop") from error
    if not shops:
        raise NotLetIn("no_shop", f"the claim {claims.shops} names no shop")
    return shops


def _values(said: Mapping[str, Any], claim: str | None) -> frozenset[str]:
    """What a claim holds, one text or several; `a.b` is `b` in `a` where none is called `a.b`."""
    if claim is None:
        return frozenset()
    found: Any = said
    for part in (claim,) if claim in said else claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    several = found if isinstance(found, list) else [found]
    return frozenset(each for each in several if isinstance(each, str) and each)
