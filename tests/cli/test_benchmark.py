"""The benchmark's tables: what is in them, and that the parts belong together."""

import json
import pickle

import numpy as np
import pytest
import torch

from tcm.cli import benchmark_model
from tcm.cli.benchmark import main
from tcm.errors import ConfigError
from tcm.inference.profile import process_peak_mib
from tcm.inference.variants import Variant
from tests.cli.test_words import MODELS
from tests.cli.test_words import _config as words_config
from tests.cli.tiny import CONFIG, write_config

PLAIN = CONFIG.replace("type: FastTCM", "type: CLIPResNet").replace(
    "    text_encoder: {width: 16, heads: 2, layers: 1}\n"
    "    matching: {decoder: {width: 16, heads: 2, layers: 1}}\n",
    "",
)


@pytest.fixture
def peak_here(monkeypatch):
    """Take the peak in this process: another one takes seconds to start."""

    def peak(*call):
        run, *arguments = pickle.loads(pickle.dumps(call))  # as it goes to another process
        return run(*arguments) or 1

    monkeypatch.setattr(benchmark_model, "process_peak_mib", peak)


def test_models_are_compared_part_by_part(tmp_path, capsys, peak_here):
    plain = write_config(tmp_path, PLAIN, "plain.yaml")
    fast = write_config(tmp_path, CONFIG, "fast.yaml")
    result = tmp_path / "result.json"
    small = ["--size", "64", "96", "--rounds", "3", "--warmup", "1", "--words", "2"]
    assert main(["model", plain, fast, *small, "--device", "cpu", "--json", str(result)]) == 0
    table = capsys.readouterr().out
    assert "| plain fold |" in table and "| fast fold |" in table and "prompting ms" in table
    first, second = json.loads(result.read_text())
    assert [len(p["total_ms"]) for p in (first, second)] == [3, 3]
    for profile in (first, second):
        assert set(profile["parts_ms"]) == {"trunk", "prompting", "neck", "head", "decoding"}
        assert all(t > 0 for part in profile["parts_ms"].values() for t in part)
        assert profile["peak_mib"] == 1 and profile["gflops"] > 0 and profile["waits"] == 0
    # Deployed: without text side, but with pool and decoders.
    assert second["parameters"] > first["parameters"]
    assert max(second["parts_ms"]["prompting"]) > min(first["parts_ms"]["prompting"])
    assert second["launches"] > first["launches"]


def test_variants_stand_beside_each_other(tmp_path, capsys, peak_here):
    config, result = write_config(tmp_path, PLAIN), tmp_path / "result.json"
    small = ["--size", "64", "64", "--rounds", "1", "--warmup", "0", "--words", "2"]
    small += ["--device", "cpu", "--json", str(result)]
    assert main(["model", config, *small, "--variants", "eager", "fold", "amp+fold"]) == 0
    assert "| tiny eager |" in capsys.readouterr().out
    eager, folded, amp = json.loads(result.read_text())
    assert [p["name"] for p in (eager, folded, amp)] == ["tiny eager", "tiny fold", "tiny amp+fold"]
    assert folded["launches"] < eager["launches"] and folded["parameters"] < eager["parameters"]
    assert amp["launches"] > folded["launches"]  # casts
    assert eager["gflops"] == pytest.approx(folded["gflops"]) == pytest.approx(amp["gflops"])


def test_a_training_step_is_split(tmp_path, capsys, peak_here):
    result = tmp_path / "result.json"
    small = ["--size", "64", "64", "--rounds", "2", "--warmup", "1", "--words", "2", "--batch", "2"]
    config = write_config(tmp_path)
    assert main(["model", config, *small, "--train", "--device", "cpu", "--json", str(result)]) == 0
    head, titles, *_ = capsys.readouterr().out.splitlines()
    assert "training step, batch 2, 64x64" in head
    assert "| data ms | trunk ms | prompting ms | neck ms | head ms | losses ms |" in titles
    (profile,) = json.loads(result.read_text())
    parts = ["data", "trunk", "prompting", "neck", "head", "losses", "backward", "optimiser"]
    assert list(profile["parts_ms"]) == parts
    assert all(time > 0 for times in profile["parts_ms"].values() for time in times)
    step = sum(np.median(profile["parts_ms"][part]) for part in parts[1:])
    assert step == pytest.approx(np.median(profile["total_ms"]), rel=0.7)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--variants", "eager", "fast"], "--variants fast: unknown 'fast'; known: amp, compile"),
        (["--variants", "fold", "--amp"], "--variants says itself what is on"),
        (["--train", "--fold"], "--train: batch norms are folded for inference alone"),
    ],
)
def test_options_that_contradict_are_refused(options, expected, tmp_path):
    with pytest.raises(ConfigError, match=expected):
        main(["model", write_config(tmp_path), "--device", "cpu", *options])


def test_recognizers_are_timed_on_crops_of_their_own_size(tmp_path, capsys, peak_here):
    configs, dataset = {}, {"type": "SyntheticWords", "length": 2}
    for name, model in MODELS.items():
        (tmp_path / name).mkdir()
        configs[name] = words_config(tmp_path / name, model, dataset)
    result = tmp_path / "result.json"
    options = ["--rounds", "2", "--warmup", "1", "--batch", "3", "--device", "cpu"]
    assert main(["model", *configs.values(), *options, "--json", str(result)]) == 0
    head, titles, *_ = capsys.readouterr().out.splitlines()
    assert "batch 3, 32x32" in head
    assert "| encoder ms | text encoder ms | decoder ms | decoding ms |" in titles
    by_parts = [set(profile["parts_ms"]) for profile in json.loads(result.read_text())]
    parts = {"encoder", "decoder", "decoding"}
    assert by_parts == [parts | {"text encoder"}, parts]
    for profile in json.loads(result.read_text()):
        assert all(time > 0 for times in profile["parts_ms"].values() for time in times)


def test_the_parts_of_a_recognizer_are_its_forward_pass_and_no_trace_is_left(tmp_path):
    config = words_config(tmp_path, MODELS["CLIP4STR"], {"type": "SyntheticWords", "length": 2})
    case = benchmark_model.Case(config, None, 1, 1, torch.device("cpu"), Variant())
    subject = benchmark_model.subject(case)
    seen = []

    def clock():  # one tick a look
        seen.append(len(seen))
        return float(len(seen))

    subject._now = clock
    parts = subject.parts()
    assert parts["encoder"] == 1 and parts["text encoder"] == 2  # called once, and for 2 readings
    assert parts["encoder"] + parts["text encoder"] + parts["decoder"] == seen[-3]
    clip = subject.model.clip
    assert "image_memory" not in vars(clip) and "text_memory" not in vars(clip)


def test_what_is_for_detectors_says_so_of_a_recognizer(tmp_path):
    words = words_config(tmp_path, MODELS["PARSeq"], {"type": "SyntheticWords", "length": 2})
    with pytest.raises(ConfigError, match="decode times the heads of detectors, PARSeq has none"):
        main(["decode", words])
    with pytest.raises(ConfigError, match="--size: .* is of a recognizer, whose crops have a size"):
        main(["model", words, "--size", "64", "64", "--device", "cpu"])
    with pytest.raises(ConfigError, match="time them in two calls"):
        main(["model", words, write_config(tmp_path), "--device", "cpu"])


def test_data_stages_add_up(tmp_path, capsys):
    result = tmp_path / "data.json"
    config = write_config(tmp_path)
    assert main(["data", config, "--images", "12", "--json", str(result)]) == 0
    stages = json.loads(result.read_text())
    assert list(stages) == [
        "decode", "geometry: RandomFlip", "warp: Warp", "targets: DBTargets", "collate",
    ]  # fmt: skip
    printed = capsys.readouterr().out
    rate, shares = int(printed.split()[0]), printed.splitlines()[1]
    kinds = dict(part.split(" ") for part in shares.split(", "))
    assert list(kinds) == ["decode", "geometry", "warp", "targets", "collate"]
    assert sum(int(share.rstrip("%")) for share in kinds.values()) == pytest.approx(100, abs=3)
    assert rate == pytest.approx(1e3 / sum(stages.values()), abs=1)


def _allocate(mebibytes):
    np.ones(mebibytes * 2**20, np.uint8)


def test_peak_memory_is_that_of_the_function_not_of_its_caller():
    ballast = np.ones(400 * 2**20, np.uint8)
    small, large = process_peak_mib(_allocate, 10), process_peak_mib(_allocate, 210)
    assert large - small == pytest.approx(200, abs=20)
    assert ballast[0] == 1


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        (CONFIG, ["60", "96"], "--size 60 96: multiples of 32 are wanted"),
        (CONFIG.replace(", {type: DBTargets}", ""), ["64", "96"], "no target transform"),
    ],
)
def test_what_cannot_be_timed_is_named(text, size, expected, tmp_path):
    with pytest.raises(ConfigError, match=expected):
        main(["model", write_config(tmp_path, text), "--size", *size, "--device", "cpu"])


def test_decoding_is_timed_for_each_number_of_texts(tmp_path, capsys):
    result = tmp_path / "decode.json"
    config = write_config(tmp_path)
    size = ["--size", "128", "192", "--rounds", "3"]
    assert main(["decode", config, *size, "--texts", "1", "3", "--json", str(result)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[1] == "| config | 1 texts | 3 texts | found |"
    assert table[3].startswith("| tiny |") and table[3].endswith("| 1, 3 |")
    rows = json.loads(result.read_text())
    assert [(row["texts"], row["found"], len(row["ms"])) for row in rows] == [(1, 1, 3), (3, 3, 3)]
    assert all(time > 0 for row in rows for time in row["ms"])


def test_decoding_wants_a_size_that_fits(tmp_path):
    with pytest.raises(ConfigError, match="--size 100 96: multiples of 32 are wanted"):
        main(["decode", write_config(tmp_path), "--size", "100", "96"])
