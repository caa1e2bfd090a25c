"""tcm turns a CLIP model into a scene text reader."""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {  # what is imported when it is asked for
    "TextReader": "tcm.reader.text_reader",
    "from_pretrained": "tcm.hub.remote",
    "load": "tcm.reader.text_reader",
    "push_to_hub": "tcm.hub.remote",
}
__all__ = ["TextReader", "__version__", "from_pretrained", "load", "push_to_hub"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tcm' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
