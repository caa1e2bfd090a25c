"""The benchmark's tables: what is in them, and that the parts belong together."""

import json

import numpy as np
import pytest

from tcm.cli.benchmark import main
from tcm.errors import ConfigError
from tcm.inference.profile import process_peak_mib
from tests.cli.tiny import CONFIG, write_config

PLAIN = CONFIG.replace("type: FastTCM", "type: CLIPResNet").replace(
    "    text_encoder: {width: 16, heads: 2, layers: 1}\n"
    "    matching: {decoder: {width: 16, heads: 2, layers: 1}}\n",
    "",
)


def test_models_are_compared_part_by_part(tmp_path, capsys):
    plain = write_config(tmp_path, PLAIN, "plain.yaml")
    fast = write_config(tmp_path, CONFIG, "fast.yaml")
    result = tmp_path / "result.json"
    small = ["--size", "64", "96", "--rounds", "3", "--warmup", "1", "--words", "2"]
    assert main(["model", plain, fast, *small, "--device", "cpu", "--json", str(result)]) == 0
    table = capsys.readouterr().out
    assert "| plain |" in table and "| fast |" in table and "prompting ms" in table
    first, second = json.loads(result.read_text())
    assert [len(p["total_ms"]) for p in (first, second)] == [3, 3]
    for profile in (first, second):
        assert set(profile["parts_ms"]) == {"trunk", "prompting", "neck", "head", "decoding"}
        assert all(t > 0 for part in profile["parts_ms"].values() for t in part)
        assert profile["peak_mib"] > 50
    # Deployed: without text side, but with pool and decoders.
    assert second["parameters"] > first["parameters"]
    assert max(second["parts_ms"]["prompting"]) > min(first["parts_ms"]["prompting"])


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
    ballast = np.ones(700 * 2**20, np.uint8)
    small, large = process_peak_mib(_allocate, 10), process_peak_mib(_allocate, 400)
    assert large - small == pytest.approx(390, abs=40)
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
