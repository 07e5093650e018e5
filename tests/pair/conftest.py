"""A folder for each play."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pair.town import in_memory


@pytest.fixture
def folder() -> Iterator[Path]:
    with in_memory() as found:
        yield found
