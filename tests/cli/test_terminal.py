"""Names and labels are shown, and steer no terminal."""

import io
import logging
import sys

import pytest

from tcm.cli.terminal import Plain, plain, say
from tcm.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Café 中 👩‍🚀 [/bold]", "Café 中 👩‍🚀 [/bold]"),
        ("\x1b[2Jgone\r", r"\x1b[2Jgone\r"),
        ("a\nb\tc\x00\x7f\x9b", r"a\nb\tc\x00\x7f\x9b"),
        ("txt\u202egpj", r"txt\u202egpj"),
        ("a\u2066b\u2069\u200f\u2028", r"a\u2066b\u2069\u200f\u2028"),
        ("\udcff.jpg", r"\udcff.jpg"),
    ],
)
def test_what_steers_a_terminal_is_written_as_an_escape(text, shown):
    assert plain(text) == shown


def test_lines_that_the_terminal_cannot_encode_are_told_all_the_same(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    say("Café", "\udcff")
    output.seek(0)
    assert output.read() == "Caf\\xe9\n\\udcff\n"


def test_a_log_line_is_one_line():
    record = logging.LogRecord("tcm", 20, "", 0, "%s: broken", ("a\nb\x1b[0m",), None)
    assert Plain().filter(record)
    assert record.getMessage() == r"a\nb\x1b[0m: broken"


def test_an_error_has_the_lines_that_it_was_given():
    assert str(ConfigError("two mistakes", "  one", "  two")) == "two mistakes\n  one\n  two"
