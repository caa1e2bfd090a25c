"""Word recognition by the commands: the same words from LMDBs and from files, train and test."""

import json

import pytest
import yaml

from tcm.cli import test as testing
from tcm.cli import train as training
from tests.data.word_files import write_folder, write_lmdb
from tests.models.recognizers.clip4str.tiny import TINY

STEPS = 3
PIPELINE = [
    {"type": "StretchTo", "size": [32, 32]},
    {"type": "Warp", "fill": "grey", "interpolation": "bicubic"},
]
MODELS = {
    "CLIP4STR": {
        **TINY,
        "clip": {
            **TINY["clip"],
            "vision_cfg": {**TINY["clip"]["vision_cfg"], "image_size": [32, 32]},
        },
    },
    "PARSeq": {
        "type": "PARSeq",
        "img_size": [32, 32],
        "patch_size": [8, 8],
        "embed_dim": 16,
        "enc_depth": 1,
        "enc_num_heads": 2,
        "dec_num_heads": 2,
    },
}


def _config(folder, model, dataset):
    config = {
        "model": model,
        "data": {
            "num_workers": 0,
            "train": {
                "batch_size": 4,
                "dataset": dataset,
                "pipeline": [
                    {"type": "WordAugment"},
                    *PIPELINE,
                    {"type": "LabelTargets", "charset": 94},
                ],
            },
            "val": {"batch_size": 2, "dataset": dataset, "pipeline": PIPELINE},
        },
        "optimizer": {"type": "AdamW", "lr": 1e-3},
        "trainer": {
            "max_steps": STEPS,
            "log_every_steps": 1,
            "val_every_steps": STEPS,
            "accelerator": "cpu",
        },
        "evaluation": {"metrics": {"words": {"type": "WordAccuracy", "charset": 94}}},
    }
    path = folder / f"{dataset['type']}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", MODELS)
def test_lmdb_and_folder_give_the_same_losses_and_the_same_results(tmp_path, name, capsys):
    datasets = [
        {"type": "LMDBWords", "root": str(write_lmdb(tmp_path / "lmdb"))},
        {"type": "FolderWords", "ann_file": str(write_folder(tmp_path / "folder"))},
    ]
    losses, results, last = [], [], []
    for dataset in datasets:
        config = _config(tmp_path, MODELS[name], dataset)
        run = tmp_path / dataset["type"]
        training.main([config, "--work-dir", str(run)])
        scores = run / "scores.json"
        testing.main([config, str(run / "inference.ckpt"), "--scores", str(scores)])
        last.append(capsys.readouterr().out.splitlines()[-1].partition(": ")[2])
        lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        losses.append([line["loss"] for line in lines if "loss" in line])
        assert [line["step"] for line in lines if "val/words/word_accuracy" in line] == [STEPS]
        (report,) = json.loads(scores.read_text())["words"]["sets"].values()
        results.append(report)
    assert len(losses[0]) == STEPS and losses[0] == losses[1]
    assert results[0] == results[1] and results[0]["samples"] == 5
    assert last[0] == last[1] and last[0].startswith("one_minus_ned=")
