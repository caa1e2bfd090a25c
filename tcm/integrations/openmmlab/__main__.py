"""``python -m tcm.integrations.openmmlab``: a checkpoint of ours as theirs, or the other way."""

import argparse
import sys
from pathlib import Path

from torch import nn

from tcm.engine.checkpoint import write_checkpoint
from tcm.errors import OutputError, TCMError
from tcm.integrations.openmmlab.checkpoints import load_ours, read_theirs


def main(arguments: list[str] | None = None) -> int:
    """Turn a checkpoint of theirs into one that `tcm` reads, or one of ours into theirs."""
    parser = argparse.ArgumentParser(prog="python -m tcm.integrations.openmmlab")
    parser.add_argument("source", help="the checkpoint")
    parser.add_argument("target", help="the file to write")
    parser.add_argument("--config", help="of MMOCR or MMDetection: SOURCE is ours, make it theirs")
    parser.add_argument("--converter", help="of the parameter names, with --config: mmocr-dbnet")
    args = parser.parse_args(arguments)
    try:
        if Path(args.target).exists():
            raise OutputError(f"{args.target} is there already, and is not replaced")
        if args.config is None:
            state = read_theirs(args.source)
        else:
            model = _built(args.config)
            load_ours(model, args.source, args.converter)
            state = model.state_dict()
        write_checkpoint({"state_dict": dict(state)}, args.target)
    except TCMError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _built(config: str) -> nn.Module:
    """Return the detector of a config of theirs."""
    from mmengine.config import Config
    from mmengine.registry import MODELS, init_default_scope

    read = Config.fromfile(config)
    init_default_scope(read.get("default_scope", "mmengine"))
    return MODELS.build(read.model)


if __name__ == "__main__":
    sys.exit(main())
