"""Users of the console, and their sign-in: hashed, throttled, for a while."""

from __future__ import annotations

import hmac
import re
import threading
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.exc import IntegrityError

from streams.desk.access.secrets import digest, fits, hashed, new_secret
from streams.desk.access.who import Role, Who, shops_of, shops_text
from streams.desk.database.database import Database, insert
from streams.desk.database.sight import Sight
from streams.desk.database.tables import attempts, sessions, users, views
from streams.facts.times import HOUR, MINUTE, SECOND

COOKIE = "shipsentry_desk"
"""The session's cookie: HttpOnly, SameSite=Strict, and Secure where there is HTTPS."""

FREE_TRIES = {"user": 5, "address": 20}
"""Failed sign-ins of a user, and from an address, before the next one has to wait."""

LONGEST_WAIT = 15 * MINUTE
FORGOTTEN = 24 * HOUR
"""Failures that lie so far back count no more."""

_LOOKS = threading.BoundedSemaphore(4)
"""Passwords that are looked at at a time: each takes 64 MiB."""
_LOOKS_WAIT_S = 1.0

_EXTERNAL = "oidc:"
"""Before the hash of who somebody is at the provider, where others have that of a password: no
password fits it."""

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")


class UserError(ValueError):
    """A user cannot be made or changed so; the message says why."""


class Throttled(RuntimeError):
    """Too many sign-ins failed: `wait` is µs until the next one is looked at."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many failed sign-ins: wait {wait // SECOND + 1} s")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: the cookie's value, and what each form and request that changes something brings
    along. Both are known to the browser alone."""

    secret: str
    csrf: str
    expires_at: int


def add(
    database: Database,
    name: str,
    password: str,
    role: Role,
    shops: Sight,
    now: int,
) -> None:
    """Make a user. Raises UserError, WeakPassword."""
    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} is no user name: 1 to 64 letters, digits and . _ @ - are")
    kept = hashed(name, password)
    try:
        with database.writing() as connection:
            connection.execute(
                users.insert().values(
                    name=name,
                    password_hash=kept,
                    role=role.name,
                    shops=shops_text(shops),
                    made_at=now,
                )
            )
    except IntegrityError:
        raise UserError(f"there is a user {name!r} already") from None


def set_password(database: Database, name: str, password: str) -> None:
    """Give another password and end the user's sessions. Raises UserError, WeakPassword."""
    kept = hashed(name, password)
    with database.writing() as connection:
        if is_external(connection, name):
            raise UserError(f"{name!r} signs in by the provider and has no password here")
        _changed(
            connection.execute(
                update(users).where(users.c.name == name).values(password_hash=kept)
            ).rowcount,
            name,
        )
        connection.execute(delete(sessions).where(sessions.c.user_name == name))


def remove(database: Database, name: str) -> None:
    """Take a user away, with sessions and views; what they did stays in the audit.

    Raises UserError.
    """
    with database.writing() as connection:
        _changed(connection.execute(delete(users).where(users.c.name == name)).rowcount, name)
        for table in (sessions, views):
            connection.execute(delete(table).where(table.c.user_name == name))


def listed(connection: Connection) -> list[Who]:
    """All users, by name."""
    return [_who(row) for row in connection.execute(select(users).order_by(users.c.name))]


def sign_in(
    database: Database, name: str, password: str, address: str, now: int, lasts: int
) -> Session | None:
    """Begin a session of `lasts` µs; None: name or password is wrong. Raises Throttled.

    While a user or an address is throttled no password is looked at, right or wrong.
    """
    known = name if _NAME.fullmatch(name) else ""
    user, sender = ("user", known), ("address", _sender(address))
    with database.reading() as connection:
        _may_try(connection, user, sender, now)
    if not _LOOKS.acquire(timeout=_LOOKS_WAIT_S):
        raise Throttled(SECOND)
    try:
        with database.writing() as connection:
            # Failed until it is right: of many at a time each counts for those after it.
            before = _may_try(connection, user, sender, now)
            row = connection.execute(select(users).where(users.c.name == known)).first()
            _failed(connection, *user, now)
            blocked = _failed(connection, *sender, now)
        # A user that there is not takes as long: names cannot be tried out.
        right = fits(_nobody() if row is None else row.password_hash, password)
    finally:
        _LOOKS.release()
    if row is None or not right:
        return None
    with database.writing() as connection:
        connection.execute(
            delete(attempts).where(attempts.c.kind == "user", attempts.c.name == name)
        )
        _forgive(connection, *sender, blocked, before)
        return _begin(connection, name, now, lasts)


def admit(database: Database, who: Who, subject: str, now: int, lasts: int) -> Session:
    """Begin a session of `lasts` µs for somebody whom the provider has proven, with the role and
    the shops that they have now; their former sessions have these too.

    `subject` is a hash of who the provider says it is: a name is the first one's who came with it.
    Raises UserError where it is another's.
    """
    kept = _EXTERNAL + subject
    with database.writing() as connection:
        _rename(connection, kept, who.name)
        row = {"name": who.name, "password_hash": kept, "made_at": now}
        rights = {"role": who.role.name, "shops": shops_text(who.shops)}
        connection.execute(insert(connection, users).on_conflict_do_nothing(), {**row, **rights})
        mine = (users.c.name == who.name) & (users.c.password_hash == kept)
        if connection.execute(update(users).where(mine).values(rights)).rowcount != 1:
            raise UserError(f"{who.name!r} is the name of another user")
        return _begin(connection, who.name, now, lasts)


def is_external(connection: Connection, name: str) -> bool:
    """Whether a user signs in by the provider, and has no password here."""
    mine = users.c.name == name, users.c.password_hash.startswith(_EXTERNAL)
    return connection.execute(select(users.c.name).where(*mine)).first() is not None


def end_sessions(database: Database, *, external: bool) -> int:
    """End those of everybody who signs in by the provider, or else of everybody who does not."""
    theirs = users.c.password_hash.startswith(_EXTERNAL)
    names = select(users.c.name).where(theirs if external else ~theirs)
    with database.writing() as connection:
        return connection.execute(delete(sessions).where(sessions.c.user_name.in_(names))).rowcount


def signed_in(connection: Connection, secret: str, now: int) -> Who | None:
    """Whose session this is; None: nobody's, or it has expired."""
    row = connection.execute(
        select(users)
        .join_from(sessions, users, users.c.name == sessions.c.user_name)
        .where(sessions.c.session_hash == digest(secret), sessions.c.expires_at > now)
    ).first()
    return None if row is None else _who(row)


def may_change(connection: Connection, secret: str, csrf: str) -> bool:
    """Whether a request that changes something comes from the session's own pages."""
    kept = connection.execute(
        select(sessions.c.csrf_hash).where(sessions.c.session_hash == digest(secret))
    ).scalar()
    return kept is not None and hmac.compare_digest(kept, digest(csrf))


def sign_out(database: Database, secret: str) -> None:
    """End a session."""
    with database.writing() as connection:
        connection.execute(delete(sessions).where(sessions.c.session_hash == digest(secret)))


def _begin(connection: Connection, name: str, now: int, lasts: int) -> Session:
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    session = Session(new_secret(), new_secret(), now + lasts)
    connection.execute(
        sessions.insert().values(
            session_hash=digest(session.secret),
            user_name=name,
            csrf_hash=digest(session.csrf),
            made_at=now,
            expires_at=session.expires_at,
        )
    )
    return session


def _rename(connection: Connection, kept: str, name: str) -> None:
    """Follow somebody who is called otherwise by now: views go along, sessions end."""
    query = select(users.c.name).where(users.c.password_hash == kept, users.c.name != name)
    for former in connection.execute(query).scalars().all():
        taken = connection.execute(select(users.c.name).where(users.c.name == name)).first()
        if taken is not None:
            raise UserError(f"{name!r} is the name of another user")
        for statement in (
            delete(sessions).where(sessions.c.user_name == former),
            update(views).where(views.c.user_name == former).values(user_name=name),
            update(users).where(users.c.name == former).values(name=name),
        ):
            connection.execute(statement)


def _may_try(
    connection: Connection, user: tuple[str, str], sender: tuple[str, str], now: int
) -> int:
    """Raise Throttled where either has to wait; else until when the sender last had to.

    In a transaction that writes, nobody else counts meanwhile.
    """
    until = []
    for kind, name in (user, sender):
        query = select(attempts.c.blocked_until).where(
            attempts.c.kind == kind, attempts.c.name == name
        )
        until.append(connection.execute(query.with_for_update()).scalar() or 0)
    if max(until) > now:
        raise Throttled(max(until) - now)
    return until[1]


def _sender(address: str) -> str:
    """What an address is counted as: of IPv6 its network, which one sender has as a whole."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(IPv6Address(int(found) >> 64 << 64)) if mapped is None else str(mapped)


def _forgive(connection: Connection, kind: str, name: str, blocked: int, before: int) -> None:
    """Take back a failure that was none; what others added meanwhile stays."""
    mine = (attempts.c.kind == kind) & (attempts.c.name == name)
    connection.execute(
        update(attempts)
        .where(mine, attempts.c.blocked_until == blocked)
        .values(blocked_until=before)
    )
    connection.execute(
        update(attempts)
        .where(mine, attempts.c.failures > 0)
        .values(failures=attempts.c.failures - 1)
    )


def _failed(connection: Connection, kind: str, name: str, now: int) -> int:
    """Count a failure, and return until when to wait: beyond the free ones each makes it twice as
    long."""
    mine = (attempts.c.kind == kind) & (attempts.c.name == name)
    row = connection.execute(select(attempts).where(mine)).first()
    failures = 1 if row is None or row.last_at < now - FORGOTTEN else row.failures + 1
    beyond = failures - FREE_TRIES[kind]
    wait = 0 if beyond < 0 else min(LONGEST_WAIT, SECOND << min(beyond, 20))
    statement = insert(connection, attempts)
    values = {"failures": failures, "last_at": now, "blocked_until": now + wait}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["kind", "name"], set_=values),
        {"kind": kind, "name": name, **values},
    )
    connection.execute(delete(attempts).where(attempts.c.last_at < now - FORGOTTEN))
    return now + wait


@cache
def _nobody() -> str:
    """What is kept of a password that nobody has."""
    return hashed("nobody", new_secret())


def _who(row: Row[tuple[object, ...]]) -> Who:
    return Who(row.name, Role[row.role], shops_of(row.shops))


def _changed(count: int, name: str) -> None:
    if count != 1:
        raise UserError(f"there is no user {name!r}")
