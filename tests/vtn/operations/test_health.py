"""What /readyz says of each thing that can be wrong."""

from datetime import UTC, datetime, timedelta

from vtn.operations.health import FRESH, Health

NOW = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)


def healthy() -> Health:
    health = Health(certificates_end=NOW + timedelta(days=1))
    health.read(100.0)
    return health


def test_a_server_is_ready_once_it_has_read_its_store() -> None:
    assert set(Health().not_ready(NOW, 0.0)) == {"store", "index"}
    assert healthy().not_ready(NOW, 101.0) == {}


def test_each_thing_that_is_wrong_is_named() -> None:
    health = healthy()
    assert set(health.not_ready(NOW, 100.0 + FRESH + 1)) == {"index"}
    assert set(health.not_ready(NOW + timedelta(days=2), 100.0)) == {"certificate"}
    health.store_trouble, health.clock_trouble, health.is_ending = "gone", "it was set by +60 s", True
    assert health.not_ready(NOW, 100.0) == {
        "store": "gone",
        "clock": "it was set by +60 s",
        "server": "it is stopping",
    }
    health.read(101.0)
    assert set(health.not_ready(NOW, 101.0)) == {"clock", "server"}
