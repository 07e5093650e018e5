"""What every service is given: who we are, where state lives, and how new identifiers are made."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from oadr.wire.ids import VtnId
from oadr.wire.signature import SignaturePolicy
from vtn.delivery.index import Index
from vtn.model.registration import Caller
from vtn.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the operator has decided for all sites."""

    vtn_id: VtnId
    market_contexts: str
    """Base URI of the programmes."""
    poll_every: timedelta
    """How often a VEN may ask (oadrRequestedOadrPollFreq)."""
    report_every: timedelta
    """How often it is to report, and how long one interval of a report is."""
    signatures: SignaturePolicy = SignaturePolicy.OFF
    """Of sites that have no policy of their own, and of whoever is no site."""

    def signatures_of(self, caller: Caller | None) -> SignaturePolicy:
        """What is wanted of its messages (r514)."""
        own = caller.signatures if caller else None
        return self.signatures if own is None else own


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    terms: Terms
    store: Store
    index: Index
    new_id: Callable[[], str]
    """A letter first, then what nobody can guess."""
    begun: set[asyncio.Task[None]] = field(default_factory=set)
    """What no answer waits for any more; it comes to its end before the store is closed."""
