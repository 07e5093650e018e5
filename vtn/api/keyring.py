"""The keys of the API: how one looks, who gets one, and whose it is.

    fg_<name of the key>_<secret>

A secret has 256 random bits and is shown once. Only its SHA-256 is kept: argon2 is for what people think up, and would
cost every request 90 ms. What a key opens is looked up at each request, in its own scopes and its person's roles, so
that whoever loses a role or a key has lost it at once.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple

from oadr.ledger.canonical import Value
from oadr.ledger.entry import EntryType
from vtn.api.route import Caller
from vtn.model.errors import Impossible, NotAllowed, NotNow
from vtn.model.keys import LONGEST_LABEL, ApiKey, KeyId, KeyScope, scopes_of
from vtn.model.people import Person, Role
from vtn.store import alarms, keys, people, record
from vtn.store.engine import Tx
from vtn.store.people import Known

SCHEME: Final = "Bearer"
NOBODY: Final = sha256(b"").hexdigest()
"""Is compared where there is no such key, so that both take as long."""
_TOKEN: Final = re.compile(r"fg_([0-9a-f]{12})_([0-9a-f]{64})")


class Made(NamedTuple):
    key: ApiKey
    token: str
    """All that opens something; kept nowhere."""


def read(header: str | None) -> tuple[str, str] | None:
    """Name and secret of what an Authorization header shows; None: that is no key of ours."""
    scheme, _, token = (header or "").partition(" ")
    found = _TOKEN.fullmatch(token.strip()) if scheme.lower() == SCHEME.lower() else None
    return (found[1], found[2]) if found else None


async def caller(tx: Tx, name: str, secret: str, now: datetime) -> Caller | None:
    """None: it opens nothing, whatever the reason."""
    kept = await keys.find(tx, name)
    is_right = compare_digest(kept.digest if kept else NOBODY, _digest(secret))
    if kept is None or not is_right or not kept.key.holds(now):
        return None
    person = await people.known(tx, kept.account)
    if person is None:
        return None
    return Caller(kept.account, person, kept.key, kept.key.scopes & scopes_of(person.roles))


async def still_opens(tx: Tx, known: Caller, scope: KeyScope, now: datetime) -> bool:
    """Whether a key that opened this before would open it again."""
    kept, person = await keys.find(tx, known.key.key_id), await people.known(tx, known.account)
    if kept is None or person is None or not kept.key.holds(now):
        return False
    return scope in kept.key.scopes & scopes_of(person.roles)


async def issue(
    tx: Tx,
    by: Person,
    person: Person,
    scopes: Iterable[KeyScope],
    label: str,
    expires_at: datetime | None,
    now: datetime,
) -> Made:
    """A new key, told in the record and by an alarm. Raises a `Mistake`.

    No scopes: all that the person's roles allow.
    """
    by.must_be(Role.ADMIN)
    allowed = scopes_of(person.roles)
    wanted = frozenset(scopes) or allowed
    if beyond := wanted - allowed:
        raise NotNow(
            f"the roles of {person.person_id} do not allow {', '.join(sorted(beyond))}: give the role first"
        )
    if len(label) > LONGEST_LABEL or not (label == "" or label.isprintable()):
        raise Impossible(f"a label is at most {LONGEST_LABEL} printable characters")
    if expires_at is not None and expires_at <= now:
        raise Impossible("the key would have expired already")
    secret = secrets.token_hex(32)
    key = ApiKey(
        key_id=KeyId(secrets.token_hex(6)),
        person_id=person.person_id,
        scopes=wanted,
        label=label,
        made_at=now,
        expires_at=expires_at,
    )
    await keys.add(tx, key, _digest(secret))
    body: dict[str, Value] = {
        "what": "api key",
        "key": key.key_id,
        "person": person.person_id,
        "scopes": tuple(sorted(wanted)),
        "by": by.person_id,
    }
    await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    why = f"{key.key_id} for {person.person_id}, by {by.person_id}: {', '.join(sorted(wanted))}"
    await alarms.sound(tx, "api key", why, now)
    return Made(key, f"fg_{key.key_id}_{secret}")


async def revoke(tx: Tx, by: Person, key_id: str, now: datetime) -> ApiKey:
    """One's own, or as an admin anybody's. Raises a `Mistake`."""
    kept = await keys.find(tx, key_id)
    if kept is None:
        raise NotNow(f"there is no key {key_id}")
    if kept.key.person_id != by.person_id and Role.ADMIN not in by.roles:
        raise NotAllowed("a key that is not your own is an admin's to revoke")
    if kept.key.revoked_at is None:
        await keys.revoke(tx, kept.key.key_id, now)
        body: dict[str, Value] = {"what": "api key revoked", "key": key_id, "by": by.person_id}
        await record.append(tx, EntryType.CONFIG_CHANGE, body, now)
    after = await keys.find(tx, key_id)
    assert after is not None, "no key is ever deleted"
    return after.key


async def known(tx: Tx, person_id: str) -> Known | None:
    return next((one for one in await people.load(tx) if one.person.person_id == person_id), None)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
