"""Tokens of programs: shown once, kept as a hash, for a while, for some shops."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from streams.desk.access.secrets import digest, new_secret
from streams.desk.access.who import Role, Who, shops_of, shops_text
from streams.desk.database.database import Database
from streams.desk.database.sight import Sight
from streams.desk.database.tables import tokens

PREFIX = "ssd_"
"""By which a scanner for leaked secrets knows one."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is listed: `token_id` names it, and tells nothing of it. Times are µs."""

    token_id: str
    who: Who
    made_at: int
    expires_at: int | None
    revoked_at: int | None


def add(
    database: Database,
    name: str,
    role: Role,
    shops: Sight,
    now: int,
    expires_at: int | None = None,
) -> tuple[str, str]:
    """Make a token; its id, and the token itself, which is kept nowhere."""
    token = PREFIX + new_secret()
    token_id = digest(token)[:12]
    with database.writing() as connection:
        connection.execute(
            tokens.insert().values(
                token_id=token_id,
                token_hash=digest(token),
                name=name,
                role=role.name,
                shops=shops_text(shops),
                made_at=now,
                expires_at=expires_at,
            )
        )
    return token_id, token


def revoke(database: Database, token_id: str, now: int) -> bool:
    """Let a token be good no more; whether there was one that was."""
    with database.writing() as connection:
        done = connection.execute(
            update(tokens)
            .where(tokens.c.token_id == token_id, tokens.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
    return done.rowcount == 1


def listed(connection: Connection) -> list[Token]:
    """All tokens, the oldest first."""
    return [
        Token(
            row.token_id,
            Who(row.name, Role[row.role], shops_of(row.shops)),
            row.made_at,
            row.expires_at,
            row.revoked_at,
        )
        for row in connection.execute(select(tokens).order_by(tokens.c.made_at, tokens.c.token_id))
    ]


def bearer(connection: Connection, token: str, now: int) -> Who | None:
    """Whose token this is; None: nobody's, or it is good no more."""
    row = connection.execute(
        select(tokens).where(
            tokens.c.token_hash == digest(token),
            tokens.c.revoked_at.is_(None),
            or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
        )
    ).first()
    if row is None:
        return None
    return Who(f"token:{row.name}", Role[row.role], shops_of(row.shops))
