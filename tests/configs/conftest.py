import pytest

from tests.configs.shipped import read_shipped


@pytest.fixture
def read():
    """Return a function that reads a config by its path under configs/, once; not to be changed."""
    return read_shipped
