"""What tells the model of a checkpoint from that of a config, in words."""

from collections.abc import Mapping
from typing import Any

from tcm.errors import shown
from tcm.interpolation import is_interpolated
from tcm.structures import Config

_LISTED = 3  # settings


def other_model(theirs: Config, ours: Config) -> str:
    """Return how a checkpoint's model differs from a config's; empty if it does not.

    Args:
        theirs: `model` of the config that the checkpoint was trained with, as `written_form` of
            it; what is an interpolation there can't be compared.
        ours: `model` of the config that it is to be loaded by.
    """
    there, here = _settings(theirs), _settings(ours)
    differing = [
        key
        for key in {**here, **there}
        if there.get(key) != here.get(key) and not is_interpolated(there.get(key))
    ]
    if _name(theirs) != _name(ours):
        return f"it is of {_name(theirs)}, the config has {_name(ours)}"
    differing.sort(key=lambda key: not key.endswith(".type"))
    settings = [
        f"model.{key} is {_said(there, key)} there and {_said(here, key)} in the config"
        for key in differing[:_LISTED]
    ]
    more = len(differing) - len(settings)
    return "; ".join(settings) + (f"; and {more} more settings differ" if more else "")


def _said(settings: Mapping[str, Any], key: str) -> str:
    if key not in settings:
        return "not given"
    value = settings[key]
    return value if isinstance(value, str) and value.isprintable() else shown(value)


def _name(model: Config) -> str:
    """Return the types of a model's main parts, such as ``FastTCM, FPNC and DBHead``."""
    parts = [
        _said(model[key], "type") for key in ("backbone", "neck", "head") if _has_type(model, key)
    ]
    if not parts:
        return _said(model, "type")
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def _has_type(model: Config, key: str) -> bool:
    return isinstance(model.get(key), Mapping) and "type" in model[key]


def _settings(node: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Return the leaves of a tree of mappings under their paths, pretrained weights left aside."""
    leaves: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(value, Mapping):
            leaves |= _settings(value, f"{place}{key}.")
        elif key != "pretrained":
            leaves[f"{place}{key}"] = value
    return leaves
