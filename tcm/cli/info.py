"""``tcm info``: what is installed, what ships, and what a checkpoint holds.

It works without PyTorch, as reading exported models does.
"""

import json
import platform
import re
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tcm
from tcm.cli.packages import installed, wanted
from tcm.cli.parsers.info import parse
from tcm.cli.terminal import say
from tcm.errors import ConfigError, closest
from tcm.inputs import is_dir
from tcm.shipped import configs_folder, weights_folder, whole_configs

_DEVELOPING = ("dev", "docs")  # extras whose packages no command uses


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        CheckpointError: A checkpoint is missing, damaged or none.
        ConfigError: No shipped config fits the pattern.
    """
    args = parse(arguments)
    if args.pattern is not None:
        content: Any = _matching(args.pattern)
        lines = content
    elif args.checkpoints:
        content = {path: _checkpoint(path) for path in args.checkpoints}
        lines = [line for path, about in content.items() for line in _of_checkpoint(path, about)]
    else:
        content = _installation()
        lines = _of_installation(content)
    say(*(json.dumps(content, indent=2).splitlines() if args.json else lines))
    return 0


def _matching(pattern: str) -> list[str]:
    """Return the names of the shipped configs that fit a pattern."""
    glob = pattern if set(pattern) & set("*?[") else f"*{pattern}*"
    known = whole_configs()
    found = [name for name in known if fnmatch(name, glob)]
    if not found:
        words = {
            word for name in known for word in (name, Path(name).name, *re.split("[/_]", name))
        }
        close = closest(pattern, sorted(words))
        hint = f"; did you mean '{close}'?" if close else ""
        raise ConfigError(f"--configs {pattern}: none of {len(known)} configs fits{hint}")
    return found


def _checkpoint(path: str) -> dict[str, Any]:
    from tcm.engine.about import about_checkpoint  # not at the top: imports PyTorch

    return about_checkpoint(path)


def _of_checkpoint(path: str, about: Mapping[str, Any]) -> list[str]:
    made = datetime.fromtimestamp(about["written"]).isoformat(" ", "minutes")
    lines = {
        "written": f"{made}, {about['bytes'] / 1e6:.1f} MB",
        "config": about["config"] or "not said",
        "model": about["model"] or "not said: the file is not of this package, or of an old one",
        "parameters": f"{about['values'] / 1e6:.2f} M values in {about['tensors']} tensors, "
        + ", ".join(about["types"]),
        "form": about["form"],
        "step": "not said" if about["step"] is None else str(about["step"]),
        "best": _best(about),
    }
    return [path, *(f"  {name:<11}{line}" for name, line in lines.items())]


def _best(about: Mapping[str, Any]) -> str:
    figures = " ".join(f"{name} {value:.4f}" for name, value in about["metrics"].items())
    step = "" if about["best_step"] is None else f" at step {about['best_step']}"
    return f"{figures}{step}" if figures else "not said"


def _installation() -> dict[str, Any]:
    needs = wanted()
    packages = {name: installed(name) for name in needs.pop("", [])}
    extras = {
        extra: [name for name in names if installed(name) is None] for extra, names in needs.items()
    }
    optional = {
        name: installed(name)
        for extra, names in needs.items()
        if extra not in _DEVELOPING
        for name in names
    }
    counts = Counter(Path(name).parent.as_posix() for name in whole_configs())
    weights = weights_folder()
    return {
        "tcm": tcm.__version__,
        "folder": str(Path(tcm.__file__).parent),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "optional": {name: version for name, version in optional.items() if version},
        "extras": {extra: {"missing": missing} for extra, missing in extras.items()},
        "devices": _devices(),
        "onnxruntime": _providers(),
        "configs": {"folder": str(configs_folder()), "methods": dict(counts)},
        "weights": sorted(p.name for p in weights.iterdir() if p.name[0] not in "._")
        if is_dir(weights)
        else [],
    }


def _devices() -> list[dict[str, Any]]:
    """Return the devices of PyTorch, none without it."""
    if find_spec("torch") is None:
        return []
    import torch  # not at the top: it need not be there

    from tcm.devices import has_bf16, resolve_precision

    cpu = torch.device("cpu")
    devices: list[dict[str, Any]] = [
        {
            "device": "cpu",
            "name": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "precision": resolve_precision("auto", cpu),
            "bf16": has_bf16(cpu),
        }
    ]
    for i in range(torch.cuda.device_count()):
        gpu, properties = torch.device("cuda", i), torch.cuda.get_device_properties(i)
        devices.append(
            {
                "device": str(gpu),
                "name": f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB",
                "precision": resolve_precision("auto", gpu),
                "bf16": has_bf16(gpu),
            }
        )
    return devices


def _providers() -> list[str]:
    """Return what onnxruntime runs on, nothing without it."""
    if find_spec("onnxruntime") is None:
        return []
    import onnxruntime  # not at the top: it need not be there

    return list(onnxruntime.get_available_providers())


def _of_installation(content: Mapping[str, Any]) -> list[str]:
    methods = content["configs"]["methods"]
    total = sum(methods.values())
    lines = [
        f"tcm {content['tcm']} in {content['folder']}",
        f"Python {content['python']} ({sys.executable}), {content['platform']}",
        "",
        "packages:",
    ]
    lines += [f"  {name:<24}{version or 'not installed'}" for name, version in _versions(content)]
    lines += ["", "devices:"]
    for device in content["devices"]:
        bf16 = "" if device["bf16"] else "; no instructions for bf16"
        what = f"{device['name']}: {device['precision']}{bf16}"
        lines.append(f"  {device['device']:<24}{what}")
    if not content["devices"]:
        lines.append("  none of PyTorch, which is not installed: models run by onnxruntime only")
    if content["onnxruntime"]:
        lines.append(f"  {'onnxruntime':<24}{', '.join(content['onnxruntime'])}")
    lines += ["", "extras:"]
    for extra, state in content["extras"].items():
        missing = ", ".join(state["missing"])
        lines.append(f"  {extra:<24}{f'lacks {missing}' if missing else 'installed'}")
    if not content["extras"]:
        lines.append("  unknown: tcm runs from a folder and is not installed")
    lines += ["", f"configs: {total}, in {content['configs']['folder']}; --configs lists them"]
    lines += [f"  {name:<24}{count}" for name, count in methods.items() if name != "."]
    weights = ", ".join(content["weights"]) or "none ship with this version"
    return [*lines, "", f"weights: {weights}"]


def _versions(content: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [*content["packages"].items(), *content["optional"].items()]
