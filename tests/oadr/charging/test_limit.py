"""Which of several limits binds, and whose name it bears."""

from decimal import Decimal
from itertools import permutations

from oadr.charging.limit import Limit, Source, smallest


def limit(amps: str, source: Source) -> Limit:
    return Limit(Decimal(amps), Decimal(amps) * 100 / 16, source, source.value, None)


def test_the_smallest_limit_binds_whoever_wrote_it() -> None:
    emergency = limit("12.8", Source.SUPPLY_LIMIT)
    planned = limit("9.6", Source.LOAD_SHIFT)
    calendar = limit("16", Source.CALENDAR)
    for order in permutations((emergency, planned, calendar)):
        assert smallest(order) is planned


def test_of_equal_limits_the_higher_rank_is_shown() -> None:
    emergency = limit("9.6", Source.SUPPLY_LIMIT)
    planned = limit("9.6", Source.LOAD_SHIFT)
    for order in permutations((emergency, planned)):
        assert smallest(order) is emergency


def test_a_pause_is_a_limit_and_none_is_not() -> None:
    pause = limit("0", Source.USER)
    assert smallest((limit("6", Source.SAFETY), pause)) is pause
    assert smallest(()) is None


def test_ranks_begin_with_what_protects_people_and_the_network() -> None:
    assert [source.rank for source in Source] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert sorted(Source, key=lambda source: source.rank)[:3] == [
        Source.SAFETY,
        Source.SUPPLY_LIMIT,
        Source.FAILSAFE,
    ]
