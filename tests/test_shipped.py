"""A config is found by its name from anywhere; a file that is there wins."""

from pathlib import Path

import pytest

from tcm import shipped
from tcm.config import load_config
from tcm.errors import ConfigError
from tcm.shipped import config_names, find_config, whole_configs

ROOT = Path(__file__).resolve().parents[1] / "configs"
TINY = "dbnet_fasttcm-tiny_25e_icdar2015"


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("start", ["", "textdet/dbnet/", "dbnet/", "configs/textdet/dbnet/"])
@pytest.mark.parametrize("end", ["", ".yaml"])
def test_a_shipped_config_is_found_by_its_name(start, end):
    assert find_config(f"{start}{TINY}{end}") == ROOT / f"textdet/dbnet/{TINY}.yaml"


def test_every_name_leads_to_its_file_and_last_parts_are_unique():
    assert {file.relative_to(ROOT) for file in config_names().values()} == {
        file.relative_to(ROOT) for file in ROOT.rglob("*.yaml")
    }
    for name, file in whole_configs().items():
        assert find_config(name) == find_config(name.rpartition("/")[2]) == file


def test_parts_are_found_by_their_whole_name_alone():
    assert find_config("_base_/models/dbnet") == ROOT / "_base_/models/dbnet.yaml"
    with pytest.raises(ConfigError, match="^dbnet: no such config file"):
        find_config("dbnet")


@pytest.mark.parametrize("name", ["quickstart", "quickstart.yaml"])
def test_a_file_of_the_working_directory_wins(name):
    Path("quickstart.yaml").write_text("a: 1")
    assert find_config(name) == Path("quickstart.yaml")
    assert find_config("configs/quickstart") == ROOT / "quickstart.yaml"


def test_a_file_need_not_be_called_yaml():
    Path("mine.v2").write_text("a: 1")
    assert find_config("mine.v2") == Path("mine.v2")
    Path("mine.v2.yaml").write_text("a: 1")
    assert find_config("mine.v2") == Path("mine.v2")


def test_a_folder_does_not_win():
    Path("quickstart").mkdir()
    assert find_config("quickstart") == ROOT / "quickstart.yaml"


def test_a_folder_alone_is_told_of():
    Path("mine").mkdir()
    with pytest.raises(ConfigError, match="mine: no config file: it is a folder"):
        load_config("mine")


def test_a_base_may_be_named_from_anywhere(tmp_path):
    (tmp_path / "deep").mkdir()
    for base in ("quickstart", "configs/quickstart.yaml", "_base_/schedules/tiny"):
        (tmp_path / "deep/mine.yaml").write_text(f"_base_: {base}\nimports: []\n")
        config = load_config("deep/mine.yaml")
        assert config["optimizer"] and config.name == "mine"


def test_a_base_beside_the_file_wins(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/quickstart.yaml").write_text("a: 1")
    (tmp_path / "quickstart.yaml").write_text("a: 2")
    (tmp_path / "deep/mine.yaml").write_text("_base_: quickstart")
    assert load_config("deep/mine.yaml") == {"a": 1}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("dbnet_fasttcm-tinny_25e_icdar2015", f"did you mean '{TINY}.yaml'"),
        ("textdet/dbnet/dbnet_fasttcm-tiny_25e_icdar2051.yaml", f"did you mean '{TINY}.yaml'"),
        ("_base_/models/dbnt", "did you mean '_base_/models/dbnet'"),
        ("mine.yml", "did you mean 'mine.yaml'"),
        ("qqq", "tcm info --configs lists those that ship"),
        ("/quickstart", "did you mean 'quickstart.yaml'"),
        ("../quickstart", "did you mean 'quickstart.yaml'"),
    ],
)
def test_an_unknown_name_gets_the_nearest(name, hint):
    Path("mine.yaml").write_text("a: 1")
    with pytest.raises(ConfigError, match="no such config file") as error:
        find_config(name)
    assert hint in str(error.value)


def test_an_ending_of_several_names_them(monkeypatch):
    known = {"a/x/c": Path("1"), "b/x/c": Path("2")}
    monkeypatch.setattr(shipped, "config_names", lambda: known)
    assert find_config("a/x/c") == Path("1")
    with pytest.raises(ConfigError, match="x/c: several shipped configs end so: a/x/c, b/x/c"):
        find_config("x/c")
