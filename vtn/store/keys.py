"""The keys of the REST API. Of a secret only its SHA-256 is kept: it has 256 random bits, so nobody can guess it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from vtn.model.keys import ApiKey, KeyId, KeyScope
from vtn.model.people import PersonId
from vtn.store.engine import Tx
from vtn.store.tables import api_keys, people


@dataclass(frozen=True, slots=True)
class Kept:
    """A key, the SHA-256 of its secret in hex, and the account of its person."""

    key: ApiKey
    digest: str
    account: str


async def add(tx: Tx, key: ApiKey, digest: str) -> None:
    row = {
        "key_id": key.key_id,
        "person_id": key.person_id,
        "scopes": ",".join(sorted(key.scopes)),
        "label": key.label,
        "digest": digest,
        "made_at": key.made_at,
        "expires_at": key.expires_at,
    }
    await tx.execute(insert(api_keys).values(row))


async def find(tx: Tx, key_id: str) -> Kept | None:
    query = select(api_keys, people.c.account).join(people).where(api_keys.c.key_id == key_id)
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else Kept(_key(row), row.digest, row.account)


async def load(tx: Tx) -> tuple[ApiKey, ...]:
    """All that there ever were, the oldest first."""
    query = select(api_keys).order_by(api_keys.c.made_at, api_keys.c.key_id)
    return tuple(_key(row) for row in await tx.execute(query))


async def revoke(tx: Tx, key_id: KeyId, now: datetime) -> None:
    """From now on it opens nothing; the first time counts."""
    mine = (api_keys.c.key_id == key_id) & api_keys.c.revoked_at.is_(None)
    await tx.execute(update(api_keys).where(mine).values(revoked_at=now))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=KeyId(row.key_id),
        person_id=PersonId(row.person_id),
        scopes=frozenset(KeyScope(each) for each in row.scopes.split(",") if each),
        label=row.label,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
