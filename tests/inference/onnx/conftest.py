"""The exporter's own logging, of which pytest keeps all, would take longer than it."""

import logging

import pytest


@pytest.fixture(autouse=True, scope="session")
def _quiet_exporter():
    for name in ("torch.__trace", "torch"):
        logging.getLogger(name).setLevel(logging.WARNING)
