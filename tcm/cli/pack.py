"""``tcm pack CKPT --out DIR``: a model as a folder to give away."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from tcm.cli.graphs import compare, config_for, move, write_folder
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.pack import parse
from tcm.cli.terminal import say
from tcm.config import name_of, written_form
from tcm.engine.checkpoint import deployed_model, read_checkpoint, write_safetensors
from tcm.files import make_folder, write_text
from tcm.hub.card import CARD, Facts, card_of, read_facts
from tcm.inference.onnx.manifest import NAME
from tcm.reader.opening import test_pipeline
from tcm.shipped import WEIGHTS
from tcm.structures import Config


def main(arguments: list[str]) -> int:
    """Run the command."""
    args = parse(arguments)
    state, extra = read_checkpoint(args.checkpoint)
    config = config_for(args, extra)
    name = str(extra.get("name") or name_of(config))
    facts = read_facts(args.card) if args.card else Facts(title=name)
    outputs = Outputs([args.checkpoint, *([args.card] if args.card else []), *(args.images or [])])
    make_folder(args.out.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".pack-", dir=args.out.absolute().parent) as place:
        folder = Path(place)
        whole = deployed_model(config["model"], state, args.checkpoint, extra, fold=False)
        write_safetensors(whole.state_dict(), _about(config, extra, name), folder / WEIGHTS)
        # What others will load is what graphs are made of and compared with.
        model = deployed_model(config["model"], *_written(folder / WEIGHTS))
        runtime = model.runtime()
        card = card_of(runtime["kind"], facts, config, runtime.get("characters"))
        write_text(folder / CARD, card)
        names = [CARD, WEIGHTS]
        if not args.no_graphs:
            pipeline = test_pipeline(config, args.checkpoint)
            graphs = folder / "graphs"
            graphs.mkdir()
            manifest = write_folder(model, config, pipeline, name, graphs, half=True)
            parity = compare(model, graphs, pipeline, args.images)
            say(*parity.lines())
            if parity.difference > args.tolerance:
                say(f"more than {args.tolerance:g}: nothing is written; see --tolerance")
                return 1
            replace(manifest, parity=parity.as_json()).write(graphs)
            for path in graphs.iterdir():
                path.rename(folder / path.name)
            names += [*manifest.files, NAME]
        move(folder, names, args.out, outputs)
    size = sum((args.out / file).stat().st_size for file in names)
    say(f"{runtime['kind']} of {size / 1e6:.1f} MB in {args.out}")
    return 0


def _about(config: Config, extra: Config, name: str) -> dict[str, Any]:
    """Return what the weights say of themselves, and nothing of the training's state."""
    kept: Config = {key: extra[key] for key in ("step", "best") if key in extra}
    return {"config": written_form(config), "name": name, **kept}


def _written(path: Path) -> tuple[dict[str, Tensor], str, Config]:
    state, extra = read_checkpoint(path)
    return state, str(path), extra
