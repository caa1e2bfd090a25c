"""What `tcm` offers is imported when it is asked for."""

import pytest

import tcm


def test_a_name_is_imported_on_first_use(monkeypatch):
    monkeypatch.setitem(tcm._HOMES, "OrderedDict", "collections")
    from collections import OrderedDict

    assert tcm.OrderedDict is OrderedDict
    assert "OrderedDict" in dir(tcm) and "__version__" in dir(tcm)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tcm' has no attribute 'TextRaeder'"):
        _ = tcm.TextRaeder
