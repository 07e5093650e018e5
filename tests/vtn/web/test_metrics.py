"""What a scrape shows after a busy day: numbers of the fleet, and nothing by which a site could be known."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from certs import Revoked
from certs.folder import Folder
from oadr.wire.ids import ReportRequestId, RequestId, Token
from oadr.wire.messages import DistributeEvent, Poll, QueryRegistration, RegisterReport, RequestEvent
from oadr.wire.messages.registration import CreatedPartyRegistration
from tests.pki import VEN_ECC, VEN_RSA
from tests.vtn.service.offers import interval, offer, update
from tests.vtn.service.test_opts import schedule
from tests.vtn.web.server import UNKNOWN, Served, identity, pki, serving
from tests.vtn.world import (
    HOME,
    NETWORK,
    NOW,
    World,
    created_event,
    registered_report,
    registration,
    word,
)
from vtn.operations.measuring import Measuring
from vtn.store import network
from vtn.web.meters import OTHER, Count, Level, Spans
from vtn.web.metrics import Metrics, Result, described

ONLINE_FOR = timedelta(seconds=30)
POLL = Poll(ven_id=HOME)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return pki(tmp_path_factory.mktemp("metrics") / "pki")


@pytest.fixture
async def site(bare: World, made: Folder) -> AsyncIterator[Served]:
    async with serving(bare, made) as started:
        yield started


async def count(site: Served, measuring: Measuring) -> dict[tuple[str, tuple[str, ...]], float]:
    """What was asked of the store a while later, and everything that a scrape then shows."""
    async with site.world.store.writing() as tx:
        await network.seen(tx, site.world.index.take_seen())
    await measuring.count(site.world.store, ONLINE_FOR, site.world.now + timedelta(seconds=20), 0.0)
    measuring.look({"rsa": site.world.now + timedelta(days=9)}, {}, site.world.now, 3.0)
    return shown(site.metrics)


def shown(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in families
        for sample in family.samples
    }


def labels(metrics: Metrics) -> set[str]:
    """All values of all labels, but for the bounds of histograms and what is called other."""
    samples = (sample for one in metrics.table for sample in one.family().samples)
    return {value for one in samples for name, value in one.labels.items() if name != "le"} - {OTHER}


async def busy_day(site: Served, made: Folder) -> set[str]:
    """All that must not be seen of it."""
    created = (await site.home.send(registration(), "EiRegisterParty")).message
    assert isinstance(created, CreatedPartyRegistration)
    greeting = (await site.home.send(POLL)).message
    assert isinstance(greeting, RegisterReport)
    await site.home.send(registered_report(greeting), "EiReport")
    (wanted,) = (await site.home.send(offer(), "EiReport")).message.requests  # type: ignore[attr-defined]
    assert (await site.home.send(update(wanted.request_id, interval("1", NOW)), "EiReport")).status == 200
    given = await site.world.give()
    events = (await site.home.send(POLL)).message
    assert isinstance(events, DistributeEvent)
    asked = RequestEvent(request_id=RequestId("E1"), ven_id=HOME)
    await site.home.send(asked, "EiEvent")
    await site.home.send(created_event(word(events.events[0])), "EiEvent")
    opt = schedule(reason=Token("x-canary"), ven_id=HOME, created_at=site.world.now)
    await site.home.send(opt, "EiOpt")
    for _ in range(5):
        await site.home.send(POLL)
    await site.park.send(POLL)
    await site.unknown.send(POLL)
    await site.unknown.send(QueryRegistration(request_id=RequestId("Q1")), "EiRegisterParty")
    await site.home.send(update(ReportRequestId("Q"), interval("1", NOW)), "EiReport")
    for number in range(50):
        await site.home.send(b"no XML", f"canary-{number}")
        await site.home.send(b"no XML")
    return {
        "anary",
        UNKNOWN,
        *(identity(made, name) for name in (VEN_ECC, VEN_RSA, UNKNOWN)),
        *(str(line.get("peer")) for line in site.log.take()),
        given.intervention_id,
        events.events[0].descriptor.event_id,
        str(created.registration_id),
        *(each.resource_id for each in NETWORK.chargepoints),
        *(f'"{site.ven_id}"' for site in NETWORK.sites),
    }


@pytest.mark.proves("P13")
async def test_after_a_busy_day_a_scrape_counts_it_and_names_nobody(site: Served, made: Folder) -> None:
    measuring = Measuring(site.metrics, site.connections, site.endpoint.budget, site.world.now)
    secret = await busy_day(site, made)
    site.connections.revoke(Revoked())
    found = await count(site, measuring)
    text = site.metrics.text().decode()
    assert not [word for word in secret if word in text]
    assert labels(site.metrics) <= {
        word for one in site.metrics.table for all_ in one.labels.values() for word in all_
    }
    assert len(found) < 400
    assert found["vtn_requests_total", ("OadrPoll", "nothing")] >= 4
    assert found["vtn_requests_total", ("OadrPoll", "mail")] == 2
    assert found["vtn_requests_total", ("other", "refused")] == 50
    assert (
        found["vtn_request_seconds_count", ("OadrPoll",)]
        == found["vtn_request_seconds_bucket", ("+Inf", "OadrPoll")]
    )
    assert found["vtn_refusals_total", ("http_406",)] == 50
    assert found["vtn_refusals_total", ("http_404",)] == 50
    assert found["vtn_refusals_total", ("openadr_463",)] == 3
    assert found["vtn_admissions_total", ("events", "in")] == 1
    assert found["vtn_sites", ("online",)] == 1
    assert found["vtn_sites", ("approved",)] == 1
    assert found["vtn_event_answers_total", ("optIn",)] == 1
    assert found["vtn_event_answer_seconds_count", ()] == 1
    assert found["vtn_opts", ("other",)] == 1
    assert found["vtn_contact_age_seconds", ("1",)] >= 19
    assert found["vtn_oldest_undelivered_seconds", ()] == 0, "the other site of the feeder is not registered"
    assert found["vtn_certificate_days_left", ("rsa",)] == 9
    assert found["vtn_connections", ()] == 3
    assert found["vtn_figures_age_seconds", ()] == 3


async def test_what_is_due_and_not_answered_ages_until_it_is(site: Served) -> None:
    measuring = Measuring(site.metrics, site.connections, site.endpoint.budget, site.world.now)
    await site.home.send(registration(), "EiRegisterParty")
    given = await site.world.give()
    name = ("vtn_oldest_undelivered_seconds", ())
    assert (await count(site, measuring))[name] == 20
    events = (await site.home.send(POLL)).message
    await site.home.send(created_event(word(events.events[0])), "EiEvent")  # type: ignore[attr-defined]
    assert (await count(site, measuring))[name] == 0
    site.world.later(seconds=60)
    await site.world.cancel(given)
    assert (await count(site, measuring))[name] == 20
    site.world.later(hours=3)
    assert (await count(site, measuring))[name] == 0, "nobody is told of it any more"


@pytest.mark.proves("P13")
def test_two_servers_of_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.requests.add("OadrPoll", Result.NOTHING)
    assert shown(one)["vtn_requests_total", ("OadrPoll", "nothing")] == 1
    assert ("vtn_requests_total", ("OadrPoll", "nothing")) not in shown(other)


def test_whatever_is_counted_the_series_are_bounded() -> None:
    count, spans = Count("a_total", "a", {"x": ("b",)}), Spans("s", "s", (1.0, 2.0), {"x": ("b",)})
    level = Level("l", "l", {"x": ("b",)})
    for number in range(1000):
        count.add(f"n{number}")
        spans.took(number, f"n{number}")
        level.set(number, f"n{number}")
    count.add("b")
    level.replace({"b": 1, "c": 2, "d": 3})
    families = (count.family(), spans.family(), level.family())
    assert [len(family.samples) for family in families] == [2, 5, 2]
    assert {sample.value for sample in level.family().samples} == {1, 5}
    assert [sample.value for sample in spans.family().samples] == [2, 3, 1000, 1000, 499500]


def test_every_meter_is_in_the_table_and_says_what_it_is() -> None:
    metrics = Metrics()
    names = [meter.name for meter in metrics.table]
    assert len(set(names)) == len(names)
    assert all(name.startswith("vtn_") and f"`{name}`" in described() for name in names)
    assert all(
        meter.says.endswith(".") or meter.name == "vtn_oldest_undelivered_seconds" for meter in metrics.table
    )
    families = [meter.family() for meter in metrics.table]
    assert all(family.documentation for family in families)
