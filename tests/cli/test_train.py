"""Training from the command: what is left behind, exact resume, subsets, frozen parts."""

import json
import shutil

import pytest
import torch

from tcm.cli.test import main as score
from tcm.cli.train import main
from tcm.config import load_config
from tcm.engine.checkpoint import load_model, load_parameters, read_checkpoint
from tcm.engine.saving import Checkpoints
from tcm.errors import CheckpointError, ConfigError
from tcm.registry import METRICS, MODELS
from tests.cli.tiny import CONFIG, OneFigure, write_checkpoint, write_config
from tests.data.builders import write_dataset


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run of 7 steps, past the end of the first epoch of 5."""
    folder = tmp_path_factory.mktemp("straight")
    config = write_config(folder)
    main([config, "--work-dir", str(folder / "run")])
    return folder / "run", config


def test_a_run_leaves_everything_in_the_work_dir(straight):
    run, _ = straight
    names = {p.name for p in run.iterdir()}
    assert {
        "config.yaml",
        "environment.json",
        "train.log",
        "metrics.jsonl",
        "tensorboard",
        "best.ckpt",
        "last.ckpt",
        "inference.ckpt",
    } <= names
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if "loss" in line]
    assert steps == [2, 4, 6]
    assert all(line["images_per_s"] > 0 for line in lines if "loss" in line)
    assert [line["step"] for line in lines if "val/icdar2015/hmean" in line] == [4]
    assert load_config(run / "config.yaml")["trainer"]["max_steps"] == 7


@pytest.mark.parametrize(
    ("options", "stop"),
    [
        pytest.param(options, stop, marks=() if i == j == 1 else pytest.mark.slow)
        for i, options in enumerate([[], ["trainer.ema_decay=0.9"], ["trainer.accumulate=2"]])
        for j, stop in enumerate([3, 5, 6])
    ],
)
def test_a_resumed_run_ends_where_a_straight_one_does(tmp_path, options, stop):
    config = write_config(tmp_path, CONFIG.replace("{type: Poly}", "{type: Constant}"))
    one, two = tmp_path / "one", tmp_path / "two"
    main([config, "--work-dir", str(one), "--cfg-options", *options])
    main([config, "--work-dir", str(two), "--cfg-options", *options, f"trainer.max_steps={stop}"])
    main([config, "--work-dir", str(two), "--resume", "--cfg-options", *options])
    finals = [torch.load(run / "last.ckpt", weights_only=True) for run in (one, two)]
    assert finals[0]["global_step"] == finals[1]["global_step"] == 7
    for name, value in finals[0]["state_dict"].items():
        assert torch.equal(value, finals[1]["state_dict"][name]), name
    for name, value in finals[0].get("current_model_state", {}).items():
        assert torch.equal(value, finals[1]["current_model_state"][name]), name


def test_data_fraction_trains_on_a_nested_subset_and_saves_its_ids(tmp_path):
    config = write_config(tmp_path)
    ids = []
    for fraction in ("0.4", "0.8"):
        run = tmp_path / fraction
        arguments = ["--data-fraction", fraction, "--data-seed", "1"]
        options = ["--cfg-options", "trainer.max_steps=1"]
        main([config, "--work-dir", str(run), *arguments, *options])
        saved = json.loads((run / "subset.json").read_text())
        assert saved["seed"] == 1 and saved["fraction"] == float(fraction)
        ids.append(set(saved["ids"]))
    assert len(ids[0]) == 4 and len(ids[1]) == 8 and ids[0] < ids[1]


def test_training_moves_the_prompts_and_not_the_text_encoder(straight, tmp_path):
    run, config = straight
    start = tmp_path / "start"
    main(
        [config, "--work-dir", str(start), "--cfg-options", "trainer.max_steps=1", "optimizer.lr=0"]
    )
    before, _ = read_checkpoint(start / "last.ckpt")
    after, _ = read_checkpoint(run / "last.ckpt")
    moved = {n for n in before if before[n].is_floating_point() and not before[n].equal(after[n])}
    assert not [n for n in moved if "text_encoder" in n]
    side = "backbone.text_side."
    assert {side + "contexts", side + "meta_query"} <= moved
    assert [n for n in moved if n.startswith(side + "prompt_generator")]
    assert [n for n in moved if n.startswith("backbone.matching.visual_prompt_generator")]


def test_inference_checkpoint_predicts_the_same_without_the_text_side(straight):
    run, config = straight
    model_config = load_config(config)["model"]
    full = MODELS.build(model_config, "model").to(memory_format=torch.channels_last).eval()
    load_parameters(full, read_checkpoint(run / "best.ckpt")[0], "best.ckpt")
    small = load_model(model_config, run / "inference.ckpt", fold=False)
    images = torch.randint(0, 255, (2, 3, 64, 96), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(full(images)[0]["prob_logits"], small(images)[0]["prob_logits"])
    state, _ = read_checkpoint(run / "inference.ckpt")
    assert not [name for name in state if "text_side" in name]
    assert "backbone.text_constant" in state


def test_load_from_starts_with_the_weights_of_a_checkpoint(straight, tmp_path):
    run, config = straight
    main(
        [
            config,
            "--work-dir",
            str(tmp_path / "tuned"),
            "--cfg-options",
            "optimizer.lr=0",
            "optimizer.weight_decay=0",
            "trainer.max_steps=1",
            f"load_from.checkpoint={run}/best.ckpt",
        ]
    )
    before, _ = read_checkpoint(run / "best.ckpt")
    after, _ = read_checkpoint(tmp_path / "tuned" / "last.ckpt")
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    assert all(before[n].equal(after[n]) for n in before if not n.endswith(statistics))


def test_a_run_too_short_to_be_validated_says_so_and_takes_its_own_last_step(tmp_path, straight):
    run, config = tmp_path / "run", straight[1]
    shutil.copytree(straight[0], run)  # with the best.ckpt of another run
    main([config, "--work-dir", str(run), "--overwrite", "--cfg-options", "trainer.max_steps=3"])
    assert not (run / "best.ckpt").exists()
    log = (run / "train.log").read_text()
    assert "the run ends at step 3, before its first validation at step 4: no best.ckpt" in log
    assert "of last.ckpt" in log
    assert "before its first validation" not in (straight[0] / "train.log").read_text()


def test_warnings_about_the_data_are_in_the_log_of_the_run(tmp_path):
    ann_file = write_dataset(tmp_path)
    silent = tmp_path / "val.json"
    silent.write_text(ann_file.read_text().replace('"ignore": false', '"ignore": true'))
    synthetic = "{type: SyntheticText, length: 3, seed: 1, size: [64, 64], words_per_image: [1, 2]}"
    own = f"{{type: TextDataset, ann_file: {silent}}}"
    config = write_config(tmp_path, CONFIG.replace(synthetic, own))
    main([config, "--work-dir", str(tmp_path / "run"), "--cfg-options", "trainer.max_steps=1"])
    log = (tmp_path / "run" / "train.log").read_text()
    assert log.count("data.val.dataset: none of its 6 images has a text") == 1


def test_training_from_a_deployed_model_is_refused(straight, tmp_path):
    run, config = straight
    options = [f"load_from.checkpoint={run}/inference.ckpt", "trainer.max_steps=1"]
    with pytest.raises(CheckpointError, match=r"deployed FastTCM.*take best\.ckpt or last\.ckpt"):
        main([config, "--work-dir", str(tmp_path / "tuned"), "--cfg-options", *options])


@pytest.mark.parametrize("options", [[], ["trainer.ema_decay=0.5"]])
def test_frozen_parts_outlast_validations(tmp_path, options):
    """Lightning ends each of the three by setting every module's flag to what it was before."""
    config, start = write_config(tmp_path), tmp_path / "start.pth"
    write_checkpoint(config, start)
    settings = ["trainer.max_steps=7", "trainer.val_every_steps=2", f"load_from.checkpoint={start}"]
    settings += ["model.backbone.frozen_stages=1", "model.backbone.norm_eval=true"]
    run = tmp_path / "run"
    main([config, "--work-dir", str(run), "--cfg-options", *settings, *options])
    before, _ = read_checkpoint(start)
    after, _ = read_checkpoint(run / "last.ckpt")
    changed = [n.removeprefix("backbone.trunk.") for n in before if not after[n].equal(before[n])]
    assert not [n for n in changed if n.startswith(("conv", "bn", "layer1."))]
    assert not [n for n in changed if n.startswith("layer") and "running" in n]
    assert "layer2.0.conv1.weight" in changed and "head.binarize.1.running_mean" in changed


@pytest.mark.parametrize(
    ("option", "free"), [("frozen_stages=0", "-1"), ("norm_eval=true", "false")]
)
def test_random_weights_are_not_frozen(tmp_path, option, free):
    key = f"model.backbone.{option.partition('=')[0]}"
    run = [write_config(tmp_path), "--work-dir", str(tmp_path / "run")]
    with pytest.raises(ConfigError, match=f"{key}: .* freeze random weights.*set it to {free}"):
        main([*run, "--cfg-options", f"model.backbone.{option}"])
    assert not (tmp_path / "run").exists()


@METRICS.register("SumOfScores")
class SumOfScores(OneFigure):
    """A figure that follows every weight of the model; what is found need not be right."""

    def evaluate(self, predictions, truths, names):
        self.headline = {"sum": float(sum(float(p.scores.sum()) for p in predictions))}
        return self


@pytest.mark.parametrize("options", [[], ["trainer.ema_decay=0.5"]])
def test_validations_log_what_testing_their_checkpoints_gives(tmp_path, monkeypatch, options):
    """Three of them, while the prompts move: no part of the model may keep an earlier state."""
    text = CONFIG.replace("{backbone.trunk: 0.1}", "{backbone.text_side: 100}")
    text = text.replace(
        "{icdar2015: {type: ICDAR2015}, sweep: {type: HmeanSweep}}", "{scores: {type: SumOfScores}}"
    )
    text = text.replace(
        "{type: DBHead}", "{type: DBHead, decode: {type: DBDecoder, mask_thr: 0.01, min_score: 0}}"
    )
    config, run = write_config(tmp_path, text), tmp_path / "run"

    def save(self, trainer, module):
        trainer.save_checkpoint(run / f"{trainer.global_step}.ckpt")

    monkeypatch.setattr(Checkpoints, "on_validation_end", save)
    steps = ["trainer.max_steps=6", "trainer.val_every_steps=2"]
    main([config, "--work-dir", str(run), "--cfg-options", *steps, *options])
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    logged = {x["step"]: x["val/scores/sum"] for x in lines if "val/scores/sum" in x}
    tested = {}
    for step in (2, 4, 6):
        scores = tmp_path / f"{step}.json"
        score([config, str(run / f"{step}.ckpt"), "--device", "cpu", "--scores", str(scores)])
        tested[step] = json.loads(scores.read_text())["scores"]["sum"]
    assert len(set(tested.values())) == 3
    assert logged == pytest.approx(tested, rel=1e-5)  # the log has six digits
