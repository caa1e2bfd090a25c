"""FastTCM and its kin in the configs of MMOCR 1.x and MMDetection 3.x.

``custom_imports = dict(imports=['tcm.integrations.openmmlab'])`` registers, under the scope
``tcm``, backbones, the initialisation from CLIP's weights or a checkpoint of ours, detectors with
the auxiliary matching loss, parameter groups by name prefix and nested fractions of a dataset. Only
this package imports what is OpenMMLab's, and nothing else imports it.
"""

try:
    import mmengine  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"tcm.integrations.openmmlab works inside MMOCR or MMDetection, and {error.name} is not "
        "installed; `make mmocr-env` makes an environment, see docs/openmmlab.md",
        name=error.name,
    ) from None

from tcm.integrations.openmmlab import (
    backbones,
    datasets,
    detectors,
    initializers,
    optimizers,
)

__all__ = ["backbones", "datasets", "detectors", "initializers", "optimizers"]
