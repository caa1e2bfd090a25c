"""Word recognition by the commands: the same words from LMDBs and from files, train and test."""

import json

import pytest
import yaml

from tcm.cli import evaluate as evaluating
from tcm.cli import test as testing
from tcm.cli import train as training
from tcm.errors import DataError
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


def test_the_tables_of_a_test_and_of_its_saved_readings_are_equal(tmp_path, capsys):
    root = tmp_path / "words"
    config = _config(
        tmp_path,
        MODELS["PARSeq"],
        {"type": "LMDBWords", "root": str(write_lmdb(root / "test/SVT"))},
    )
    write_lmdb(root / "u14m/curve", ["one", "..."])
    training.main([config, "--work-dir", str(tmp_path / "run")])
    saved, scores = (str(tmp_path / name) for name in ("found.json", "scores.json"))
    arguments = [config, str(tmp_path / "run/inference.ckpt"), "--test-set", "words"]
    arguments += ["--save-predictions", saved, "--scores", scores, "--cfg-options"]
    capsys.readouterr()
    testing.main([*arguments, f"data.test.dataset.root={root}"])
    tested = [line for line in capsys.readouterr().out.splitlines() if line[:1] == "|"]
    evaluating.main(["--protocol", "words", "--gt", str(root), "--pred", saved])
    assert [ln for ln in capsys.readouterr().out.splitlines() if ln[:1] == "|"] == tested
    cells = [line.split(" | ")[1:4] for line in tested if line.startswith("| PARSeq, words")]
    assert cells == [["", "5", ""], ["1", "", ""]] and len(tested) == 12
    assert json.loads((tmp_path / "scores.json").read_text())["words"]["headline"].keys() == {
        "word_accuracy"
    }
    with pytest.raises(DataError, match="nowhere: no folder test/IIIT5k, "):
        testing.main([*arguments, "data.test.dataset.root=nowhere"])
