"""The official schema, compiled once."""

import pytest

from oadr.wire.schema import Schema, installed_folder


@pytest.fixture(scope="session")
def schema() -> Schema:
    folder = installed_folder()
    assert folder, "the official schemas come with openleadr"
    return Schema(folder)
