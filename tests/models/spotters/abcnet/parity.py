"""Loading MMOCR's weights of an oracle file through the converter."""

import torch

from tcm.models.spotters.abcnet.converters import rename


def load(module, data, prefix, drop=""):
    """Load the entries that become `prefix`...; every one must have its place and none may lack.

    Args:
        module: What is loaded into.
        data: The oracle file.
        prefix: Of our names, such as ``head.detector.``.
        drop: Prefix of the file's names that is not MMOCR's.
    """
    theirs = [k for k in data if k.startswith((f"{drop}neck.", "det_head.", "roi_head."))]
    ours = {rename(k.removeprefix(drop)): torch.from_numpy(data[k]).float() for k in theirs}
    state = {k.removeprefix(prefix): v for k, v in ours.items() if k.startswith(prefix)}
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    return module.eval()


def strings(data, key):
    """Return the list of strings stored as KEY.flat and KEY.len."""
    codes = iter(data[f"{key}.flat"].tolist())
    return ["".join(chr(next(codes)) for _ in range(n)) for n in data[f"{key}.len"].tolist()]
