"""What PostgreSQL must keep to, and how it may go wrong, beyond what every store promises."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster import Cluster
from tests.vtn.store.acts import change_and, number
from vtn.store import changes, migrating, postgresql
from vtn.store.engine import Store, StoreAway


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.fixture
def url(own: str | None) -> str:
    assert own
    return own


@pytest.fixture
async def store(tmp_path: Path, url: str) -> AsyncIterator[Store]:
    begun = await Store.found(tmp_path, url)
    await migrating.bring_up(begun)
    yield begun
    await begun.close()


async def test_an_empty_database_is_no_store_until_somebody_wants_it_to_be(tmp_path: Path, url: str) -> None:
    """One of several servers must not do that by itself."""
    with pytest.raises(StoreAway, match="vtn migrate"):
        await Store.open(tmp_path, url)
    begun = await Store.found(tmp_path, url)
    assert await migrating.bring_up(begun) is None
    await begun.close()
    opened = await Store.open(tmp_path, url)
    assert await number(opened) == 0
    await opened.close()


@pytest.mark.proves("S2")
@pytest.mark.parametrize(
    ("name", "value"), [("fsync", "off"), ("full_page_writes", "off"), ("data_sync_retry", "on")]
)
async def test_a_server_that_may_lose_what_it_has_committed_is_refused(
    postgres: Cluster, tmp_path: Path, url: str, name: str, value: str
) -> None:
    postgres.stop()
    postgres.start(**{name: value})
    try:
        with pytest.raises(StoreAway, match=f"does not keep to {name}="):
            await Store.open(tmp_path, url)
    finally:
        postgres.stop()
        postgres.start()


@pytest.mark.proves("S2")
async def test_a_database_that_commits_before_it_has_flushed_is_refused(
    postgres: Cluster, store: Store, tmp_path: Path, url: str
) -> None:
    await store.close()
    postgres.run(
        "psql", "--quiet", "--command", f"ALTER DATABASE {name_of(url)} SET synchronous_commit = off"
    )
    with pytest.raises(StoreAway, match="does not keep to synchronous_commit=on, but to off"):
        await Store.open(tmp_path, url)


async def test_a_server_that_is_too_old_is_refused(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "OLDEST", 990_000)
    with pytest.raises(StoreAway, match="is too old, this program needs 99"):
        await Store.open(tmp_path, url)


@pytest.mark.proves("S6", "VT04")
async def test_a_server_that_restarts_is_away_and_comes_back(postgres: Cluster, store: Store) -> None:
    assert await number(store) == 0
    postgres.stop()
    for _ in range(2):
        with pytest.raises(StoreAway):
            await number(store)
        with pytest.raises(StoreAway):
            await change_and(store, "SELECT 1")
    postgres.start()
    async with store.writing() as tx:
        await changes.announce(tx)
    assert await number(store) == 1


@pytest.mark.proves("S3", "S6")
async def test_a_connection_that_is_lost_takes_its_transaction_with_it_and_nothing_else(
    store: Store,
) -> None:
    with pytest.raises(StoreAway):
        await change_and(store, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert await number(store) == 0


@pytest.mark.proves("VT04", "S6")
async def test_who_waits_too_long_for_its_turn_or_for_an_answer_is_told_to_come_later(
    tmp_path: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = {**postgresql.SETTINGS, "lock_timeout": "20", "statement_timeout": "500"}
    monkeypatch.setattr(postgresql, "SETTINGS", short)
    other = await Store.open(tmp_path, url)
    async with store.writing():
        with pytest.raises(StoreAway, match="lock timeout"):
            await change_and(other, "SELECT 1")
        assert await number(other) == 0, "reading goes on"
    with pytest.raises(StoreAway, match="statement timeout"):
        await change_and(other, "SELECT pg_sleep(60)")
    async with other.rebuilding() as tx:  # what takes its time has it
        await tx.exec_driver_sql("SELECT pg_sleep(0.6)")
    await other.close()


@pytest.mark.proves("S6", "VT04")
async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    tmp_path: Path, store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "LOST_AFTER", 0.2)
    other = await Store.open(tmp_path, url)
    async with other.reading() as tx:
        pid = (await tx.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreAway, match="cannot be reached"):
            await number(other)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert await number(other) == await number(store) == 0, "by another connection"
    await other.close()


@pytest.mark.proves("VT05")
async def test_two_servers_write_one_after_the_other(tmp_path: Path, store: Store, url: str) -> None:
    """What the second one reads, the first one has committed."""
    other = await Store.open(tmp_path, url)

    async def raise_it(mine: Store) -> int:
        async with mine.writing() as tx:
            before = await changes.number(tx)
            await changes.announce(tx)
            return before

    seen = await asyncio.gather(*(raise_it(mine) for _ in range(10) for mine in (store, other)))
    assert sorted(seen) == list(range(20))
    await other.close()


@pytest.mark.parametrize(
    "wrong", ["postgresql:///nowhere?host=/nonexistent", "no such database", "not allowed"]
)
async def test_a_server_that_cannot_be_reached_is_said_without_any_secret(
    postgres: Cluster, tmp_path: Path, wrong: str
) -> None:
    url = {
        "no such database": postgres.url("secret"),
        "not allowed": postgres.url("template0"),
    }.get(wrong, wrong)
    with pytest.raises(StoreAway) as caught:
        await Store.open(tmp_path, url)
    assert "\n" not in str(caught.value)


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
