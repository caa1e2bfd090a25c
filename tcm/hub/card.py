"""Model cards: what a model is, saw, reaches and may be used for, as Markdown with front matter.

The front matter is that of the Hugging Face Hub (``license``, ``library_name``, ``tags``,
``model-index``). What a checkpoint says of itself is written from it; the rest are a person's
facts, from a YAML file.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml

from tcm.config import as_yaml
from tcm.errors import ConfigError
from tcm.registry import Arguments, mistakes_of
from tcm.structures import Config
from tcm.yaml_files import read_yaml

CARD = "README.md"
Kind = Literal["detector", "spotter", "recognizer", "clip"]
_TASKS = {
    "detector": "object-detection",
    "spotter": "image-to-text",
    "recognizer": "image-to-text",
    "clip": "zero-shot-image-classification",
}


@dataclass(frozen=True)
class Data:
    """Data that a training saw.

    Attributes:
        name: The dataset, and which part of it.
        license: Its licence.
        use: What it was used for.
    """

    name: str
    license: str
    use: str = "training"


@dataclass(frozen=True)
class Metric:
    """A measured figure.

    Attributes:
        dataset: What it was measured on.
        metric: Its name, such as ``hmean``.
        value: The figure.
        command: What gives it.
    """

    dataset: str
    metric: str
    value: float
    command: str


@dataclass(frozen=True)
class Facts:
    """What a checkpoint does not say of itself.

    Attributes:
        title: Of the card.
        summary: A sentence or two.
        license: Of the weights, as the Hub names licences, such as ``apache-2.0``.
        data: All that the weights have seen.
        metrics: What was measured.
        limits: What the model cannot do, a sentence each.
        language: Codes of the languages that it is for.
    """

    title: str
    summary: str = ""
    license: str = ""
    data: Annotated[Sequence[Mapping[str, Any]], Arguments(Data)] = ()
    metrics: Annotated[Sequence[Mapping[str, Any]], Arguments(Metric)] = ()
    limits: Sequence[str] = ()
    language: Sequence[str] = ()


def read_facts(path: str | Path) -> Facts:
    """Return the facts of a YAML file.

    Raises:
        ConfigError: It is missing, no YAML, or has keys or values that are none of `Facts`.
    """
    content = read_yaml(Path(path))
    mistakes = mistakes_of(Facts, content, "", name="a card")
    if mistakes:
        raise ConfigError(*(f"{path}: {line}" for line in mistakes))
    return Facts(**content)


def card_of(kind: Kind, facts: Facts, config: Config, characters: str | None) -> str:
    """Return a card as Markdown.

    Args:
        kind: What the model does.
        facts: What a person says of it.
        config: That it was trained by.
        characters: That it can read; None if it reads none.
    """
    parts = [
        f"---\n{_front_matter(kind, facts)}---",
        f"# {facts.title}",
        facts.summary,
        _usage(kind),
        _section("Figures", _figures(facts.metrics)),
        _section("What it saw in training", _data(facts.data)),
        _section("Limits", [f"- {limit}" for limit in facts.limits]),
        _section("Characters", _fenced("text", characters)) if characters else "",
        _section("Config", _fenced("yaml", as_yaml(config))),
    ]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _front_matter(kind: Kind, facts: Facts) -> str:
    results = [
        {
            "task": {"type": _TASKS[kind]},
            "dataset": {"name": name, "type": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")},
            "metrics": [
                {"type": metric["metric"], "value": metric["value"]}
                for metric in facts.metrics
                if metric["dataset"] == name
            ],
        }
        for name in dict.fromkeys(metric["dataset"] for metric in facts.metrics)
    ]
    content = {
        "license": facts.license or None,
        "language": list(facts.language) or None,
        "library_name": "tcm",
        "pipeline_tag": _TASKS[kind],
        "tags": ["ocr", "scene-text", f"scene-text-{kind}"],
        "model-index": [{"name": facts.title, "results": results}] if results else None,
    }
    said = {key: value for key, value in content.items() if value is not None}
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True)


def _usage(kind: Kind) -> str:
    if kind == "clip":
        return (
            "An image encoder and a text encoder of the Python package `tcm`: "
            "`model.backbone.pretrained=FOLDER/model.safetensors` begins a training with them."
        )
    role = "recognizer" if kind == "recognizer" else "detector"
    call = 'model("word.png")' if kind == "recognizer" else 'model("photo.jpg")'
    code = f'import tcm\n\nmodel = tcm.from_pretrained("FOLDER")\nprint({call})'
    return (
        f"A {kind} of the Python package `tcm`. "
        f"`tcm read photo.jpg --{role} FOLDER` reads with it, and from Python:\n\n"
        + "\n".join(_fenced("python", code))
    )


def _figures(metrics: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"| {m['dataset']} | {m['metric']} | {m['value']} | `{m['command']}` |" for m in metrics
    ]
    return ["| data | metric | figure | command |", "|---|---|---:|---|", *rows] if rows else []


def _data(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    data = [Data(**entry) for entry in entries]
    rows = [f"| {one.name} | {one.license} | {one.use} |" for one in data]
    return ["| data | licence | use |", "|---|---|---|", *rows] if rows else []


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def _fenced(language: str, text: str) -> list[str]:
    return [f"```{language}", text.strip("\n"), "```"]
