"""The parts of a VEN, made from its configuration and from what the journal holds."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from certs import CertificateError, client_context, describe
from oadr.charging.electricity import Rating
from oadr.wire.ids import ResourceId
from oadr.wire.schema import Schema, installed_folder
from ven.arbiter import Arbiter
from ven.authority import Authority
from ven.config import VenConfig
from ven.control import POWER_UP, Control
from ven.disk import DiskJournal
from ven.enrolment import Introduction
from ven.events import Site
from ven.journal import Corrupt, Journal, Memory
from ven.randomise import Dice
from ven.recording import Recorder
from ven.reports import Reports
from ven.session import Session
from ven.transport.http import HttpPull
from ven.transport.signatures import Signatures

TellTrouble = Callable[[str], None]


def remembered(journal: Journal, tell: TellTrouble) -> Memory:
    """What the journal holds; one on disk that is damaged is set aside. Raises `Corrupt` for any other."""
    try:
        return journal.load()
    except Corrupt as error:
        if not isinstance(journal, DiskJournal):
            raise
        kept = journal.quarantine()
        tell(f"{error}; set aside as {kept}, starting empty")
        return Memory()


def http(config: VenConfig, now: Callable[[], datetime], recorder: Recorder, tell: TellTrouble) -> HttpPull:
    """Raises `certs.CertificateError`."""
    folder = installed_folder()
    if folder is None:
        tell("no OpenADR schema is installed: messages are checked by our tables alone")
    context = client_context(config.certificate, config.trust, check_hostname=config.check_host_name)
    schema = Schema(folder) if folder else None
    signatures = Signatures.load(config, now)
    return HttpPull(config.vtn_url, context, schema, config.request_timeout, signatures, recorder)


def certificate_trouble(config: VenConfig, now: datetime) -> str | None:
    """Why our own certificate may be the reason that nobody answers: a VTN ends the connection without a word."""
    try:
        warning = describe(config.certificate, now).warning
    except CertificateError:  # without a transport of ours there may be none
        return None
    return f"our certificate: {warning}" if warning else None


def control(
    config: VenConfig,
    ratings: Mapping[ResourceId, Rating],
    memory: Memory,
    dice: Dice,
    now: datetime,
    *,
    power_returned: bool,
) -> Control:
    deciding = Arbiter(ratings, config.restore_max, config.ramp_every, dice, dict(memory.slots))
    if power_returned:
        deciding.hold_back(POWER_UP, now)
    local = memory.local
    seeded = replace(
        local,
        seed=local.seed or repr(dice.random()).encode(),
        calendar=local.calendar if local.seed else config.preset,  # one that was cleared stays so
    )
    return Control(ratings, config.contract, deciding, seeded, now)


def session(
    config: VenConfig,
    resources: frozenset[ResourceId],
    reports: Reports,
    authority: Authority,
    memory: Memory,
    dice: Dice,
) -> Session:
    return Session(
        Introduction(config.name, config.ven_id, config.vtn_id, config.signs),
        Site(
            config.ven_id,
            resources,
            config.groups,
            config.market_contexts,
            config.randomise_default,
            config.agreed,
        ),
        reports,
        dice,
        lambda: f"R{secrets.token_hex(8)}",
        config.retry_cap,
        memory.registration,
        memory.held,
        memory.opts,
        authority,
    )
