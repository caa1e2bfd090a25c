"""Parameter names of CLIP4STR's published checkpoints and ours.

| published | ours |
|---|---|
| ``clip_model.*`` | ``clip.*``, with OpenAI's names |
| ``visual_decoder.text_embed.embedding.weight`` | ``visual_decoder.text_embed.weight`` |
| ``cross_decoder.text_embed.embedding.weight`` | ``cross_decoder.text_embed.weight`` |
| other ``visual_decoder.*``, ``cross_decoder.*`` | the same |

The released code runs every CLIP with QuickGELU and 64 channels a head, tests with a mean and
standard deviation of 0.5, and bounds the cross-modal branch by the visual one's longest text: list
``_base_/compat/clip4str.yaml`` behind a config's bases for its figures.
"""

from tcm.registry import CONVERTERS


@CONVERTERS.register("clip4str")
def rename(name: str) -> str:
    """Return our name of a parameter of a published CLIP4STR."""
    name = name.removeprefix("model.")
    if name.startswith("clip_model."):
        return name.replace("clip_model.", "clip.", 1)
    return name.replace(".text_embed.embedding.", ".text_embed.")
