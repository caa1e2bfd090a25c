"""The registries of the scope ``tcm``, children of mmengine's.

MMOCR's and MMDetection's are children of the same, so that ``type='tcm.FastTCM'`` is found from the
configs of both.
"""

from mmengine import registry as roots


def _child(parent: roots.Registry) -> roots.Registry:
    return roots.Registry(parent.name, parent=parent, scope="tcm")


MODELS = _child(roots.MODELS)
DATASETS = _child(roots.DATASETS)
WEIGHT_INITIALIZERS = _child(roots.WEIGHT_INITIALIZERS)
OPTIM_WRAPPER_CONSTRUCTORS = _child(roots.OPTIM_WRAPPER_CONSTRUCTORS)
