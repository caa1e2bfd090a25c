"""Parameter groups, fractions of the data, weights both ways, the metric, the shipped configs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.loading.subset import part_of
from tcm.engine.checkpoint import read_checkpoint
from tcm.errors import CheckpointError, ConfigError
from tcm.evaluation.hmean_sweep import HmeanSweep
from tcm.structures import TextInstances
from tests.integrations.openmmlab import numbers
from tests.integrations.openmmlab.helpers import dbnet, text_sample

FOLDER = Path(numbers.__file__).parents[3] / "tcm/integrations/openmmlab/configs"


def build(config):
    from mmocr.registry import MODELS

    return MODELS.build(config)


def test_groups_have_the_rates_of_their_prefixes():
    from mmengine.optim import build_optim_wrapper

    groups = {"lr_multipliers": {"backbone.trunk": 0.1}}
    config = {
        "constructor": "tcm.ParameterGroups",
        "optimizer": {"type": "Adam", "lr": 1e-3},
        "paramwise_cfg": groups,
    }
    model = build(dbnet())
    found = build_optim_wrapper(model, config).optimizer.param_groups
    assert sorted(group["lr"] for group in found) == pytest.approx([1e-4, 1e-3])
    trained = {p for group in found for p in group["params"]}
    assert trained == {p for p in model.parameters() if p.requires_grad}
    config["paramwise_cfg"] = {"lr_multipliers": {"backbone.trank": 0.1}}
    with pytest.raises(ConfigError, match="backbone.trunk"):
        build_optim_wrapper(model, config)


@pytest.mark.parametrize(("fraction", "seed"), [(0.1, 0), (0.3, 0), (0.3, 7)])
def test_a_fraction_has_the_images_of_data_fraction(tmp_path, fraction, seed):
    from mmocr.registry import DATASETS

    box = {"polygon": [0, 0, 9, 0, 9, 9, 0, 9], "bbox": [0, 0, 9, 9], "bbox_label": 0}
    entries = [
        {
            "img_path": f"images/{i * 7 % 40}.jpg",
            "height": 10,
            "width": 10,
            "instances": [{**box, "ignore": False, "text": "a"}],
        }
        for i in range(40)
    ]
    about = {
        "dataset_type": "TextDetDataset",
        "task_name": "textdet",
        "category": [{"id": 0, "name": "text"}],
    }
    (tmp_path / "train.json").write_text(json.dumps({"metainfo": about, "data_list": entries}))
    inner = {
        "type": "OCRDataset",
        "data_root": str(tmp_path),
        "ann_file": "train.json",
        "pipeline": [],
    }
    share = {"type": "tcm.DataFraction", "dataset": inner, "fraction": fraction, "seed": seed}
    theirs = DATASETS.build(share)
    ours, _ = part_of(TextDataset(str(tmp_path / "train.json"), cache=False), fraction, seed)
    paths = [Path(theirs.get_data_info(i)["img_path"]) for i in range(len(theirs))]
    assert [str(p.relative_to(tmp_path)) for p in paths] == list(ours.ids)


def test_weights_go_there_and_back(tmp_path):
    from tcm.integrations.openmmlab import __main__, checkpoints

    ours = numbers.dbnet()
    torch.save(
        {"state_dict": {f"model.{n}": v for n, v in ours.state_dict().items()}},
        tmp_path / "best.ckpt",
    )
    theirs = build(dbnet())
    checkpoints.load_ours(theirs, tmp_path / "best.ckpt", "mmocr-dbnet")
    torch.save({"state_dict": theirs.state_dict(), "meta": {"cfg": ""}}, tmp_path / "epoch_1.pth")
    assert __main__.main([str(tmp_path / "epoch_1.pth"), str(tmp_path / "plain.pth")]) == 0
    state, _ = read_checkpoint(tmp_path / "plain.pth", "mmocr-dbnet")
    assert state.keys() == ours.state_dict().keys()
    assert all(torch.equal(state[name], value) for name, value in ours.state_dict().items())


def test_a_deployed_checkpoint_is_refused(tmp_path):
    from tcm.integrations.openmmlab import checkpoints

    ours = numbers.dbnet()
    ours.deploy(fold=False)
    torch.save({"state_dict": ours.state_dict()}, tmp_path / "inference.ckpt")
    with pytest.raises(CheckpointError, match="best.ckpt"):
        checkpoints.load_ours(build(dbnet()), tmp_path / "inference.ckpt", "mmocr-dbnet")


def test_their_metric_gives_the_figure_of_hmean_sweep():
    from mmengine.structures import InstanceData
    from mmocr.evaluation.metrics import HmeanIOUMetric

    rng, truths, predictions, theirs = np.random.default_rng(3), [], [], HmeanIOUMetric()
    for _ in range(8):
        corners = rng.integers(0, 60, (6, 2))
        squares = [
            np.array([c, c + [20, 0], c + [20, 12], c + [0, 12]], np.float32) for c in corners
        ]
        moved = [s + rng.normal(0, 2.5, (1, 2)).astype(np.float32) for s in squares]
        ignored, scores = rng.random(6) < 0.2, rng.random(6).astype(np.float32)
        truths.append(TextInstances(squares, ignored=ignored))
        predictions.append(TextInstances(moved, scores=scores))
        sample = text_sample(squares, ignored.tolist())
        sample.gt_instances.ignored = torch.from_numpy(ignored)
        flat = [m.ravel() for m in moved]
        sample.pred_instances = InstanceData(polygons=flat, scores=torch.from_numpy(scores))
        theirs.process(None, [sample.to_dict()])
    figure = theirs.evaluate(size=8)["icdar/hmean"]
    ours = HmeanSweep().evaluate(predictions, truths)
    assert 0 < ours.hmean < 1
    assert figure == pytest.approx(ours.hmean, abs=1e-9)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("[a-z]*/*.py")), ids=lambda p: p.stem)
def test_a_shipped_config_is_read_and_says_who_it_is(path):
    from mmengine.config import Config

    config = Config.fromfile(path)
    assert config.model.backbone.type == "tcm.FastTCM"
    assert config.model.neck.in_channels[-1] == 2049
    assert config.model.type.startswith("tcm.")
    assert config.custom_imports.imports == ["tcm.integrations.openmmlab"]
    loader = config.train_dataloader.dataset
    assert loader.ann_file == "train.json" and path.stem.rsplit("_", 1)[1] in loader.data_root
    assert config.optim_wrapper.paramwise_cfg.lr_multipliers == {"backbone.trunk": 0.1}
