"""The parts of a VEN, made from its configuration and from what the journal holds."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime

from certs import CertificateError, client_context, describe
from oadr.charging.electricity import Rating
from oadr.charging.minimum import Profile
from oadr.wire.ids import ResourceId
from oadr.wire.schema import Schema, installed_folder
from ven.arbiter import Arbiter
from ven.authority import Authority
from ven.config import VenConfig
from ven.control import POWER_UP, Control
from ven.conversation import Conversation, Shell
from ven.disk import DiskJournal
from ven.enrolment import Introduction
from ven.events import Site
from ven.journal import Corrupt, Journal, Memory
from ven.opts import Stage
from ven.party import Party, Role
from ven.randomise import Dice
from ven.recording import Recorder
from ven.reports import Reports
from ven.session import Session
from ven.standing import Standing
from ven.transport import Transport
from ven.transport.http import HttpPull
from ven.transport.signatures import Signatures
from ven.wiring import Wiring

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
        return Memory(is_lost=True)


def http(config: VenConfig, now: Callable[[], datetime], recorder: Recorder, tell: TellTrouble) -> HttpPull:
    """Raises `certs.CertificateError`."""
    folder = installed_folder()
    if folder is None:
        tell("no OpenADR schema is installed: messages are checked by our tables alone")
    context = client_context(config.certificate, config.trust, check_hostname=config.check_host_name)
    schema = Schema(folder) if folder else None
    signatures = Signatures.load(config, now)
    return HttpPull(config.vtn_url, context, schema, config.request_timeout, signatures, recorder, now)


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
    phased: Collection[ResourceId] = (),
) -> Control:
    """`phased` are the outlets that can change their phases."""
    deciding = Arbiter(
        ratings,
        config.restore_max,
        config.ramp_every,
        dice,
        dict(memory.slots),
        leaves_trifles=config.contract.profile is not Profile.DE14A,
    )
    if power_returned:
        deciding.hold_back(POWER_UP, now)
    local = memory.local
    seeded = replace(
        local,
        seed=local.seed or repr(dice.random()).encode(),
        calendar=local.calendar if local.seed else config.preset,  # one that was cleared stays so
    )
    wiring = Wiring(ratings, config.contract, phased, dict(memory.slots), seeded.seed, config.restore_max)
    found = Control(ratings, config.contract, deciding, seeded, now, wiring)
    found.has_forgotten = memory.is_lost
    return found


def site(config: VenConfig, resources: frozenset[ResourceId], role: Role | None = None) -> Site:
    """What the events of whoever has this role are measured by; None: the grid operator's."""
    return Site(
        config.ven_id,
        resources,
        config.groups,
        config.market_contexts,
        config.randomise_default,
        config.agreed,
        role or Role(),
    )


def conversation(
    config: VenConfig,
    role: Role,
    known: Standing,
    ratings: Mapping[ResourceId, Rating],
    authority: Authority | None,
    dice: Dice,
    transport: Transport,
    shell: Shell,
) -> Conversation:
    """With one VTN: `config` is that of a VEN which speaks with it alone. Emergencies want an `authority`."""
    reports = Reports(ratings, config.sample_every, known.orders)
    session = Session(
        Introduction(config.name, config.ven_id, config.vtn_id, config.signs),
        site(config, frozenset(ratings), role),
        reports,
        dice,
        lambda: f"R{secrets.token_hex(8)}",
        config.retry_cap,
        known.registration,
        known.held,
        known.opts,
        authority,
    )
    return Conversation(role.party, config, session, reports, transport, shell)


def standing(memory: Memory, party: Party) -> Standing:
    """How the site stands with another VTN. One that is new hears what the people here have stated ahead of time."""
    if any(one.party == party for one in memory.others):
        return memory.of(party)
    stated = (one for one in memory.opts if one.event is None and not one.is_cancelled)
    return Standing(party, opts=tuple(replace(one, stage=Stage.OWED) for one in stated))
