import importlib.util

import pytest


@pytest.mark.skipif(importlib.util.find_spec("mmengine") is not None, reason="mmengine is there")
def test_without_mmengine_one_line_says_what_is_missing():
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("tcm.integrations.openmmlab")
    assert "mmengine is not installed" in str(caught.value)
    assert "\n" not in str(caught.value)
