"""The wheel has what the commands need, and they work from it in a folder of its own."""

import email
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tcm.cli.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
TAKEN = ("tcm", "configs", "setup.py", "pyproject.toml", "README.md", "LICENSE")
TAKEN += ("requirements.txt", "requirements-openmmlab.txt")
# In a process of its own, in the folder with the sources: setuptools leaves files there.
BUILD = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
SHORT = ["trainer.max_steps=2", "trainer.val_every_steps=2", "trainer.progress_bar=false"]
SHORT += ["data.train.dataset.length=16", "data.val.dataset.length=2", "data.num_workers=0"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return a wheel that was built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in TAKEN:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / "source" / name, ignore=unwanted)
        else:
            (folder / "source").mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / "source")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=folder / "source", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def _files(folder, pattern="*"):
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_the_package_and_every_config_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
    package = {f"tcm/{name}" for name in _files(ROOT / "tcm") if name != "configs"}
    configs = {f"tcm/configs/{name}" for name in _files(ROOT / "configs")}
    assert "tcm/configs/quickstart.yaml" in configs and "tcm/py.typed" in package
    assert names == package | configs


def test_its_metadata_are_whole(wheel):
    with zipfile.ZipFile(wheel) as file:
        info = {Path(name).name: name for name in file.namelist() if ".dist-info/" in name}
        metadata = email.message_from_bytes(file.read(info["METADATA"]))
        assert b"tcm = tcm.cli.main:tcm" in file.read(info["entry_points.txt"])
    assert {"export", "pdf", "docs", "dev"} <= set(metadata.get_all("Provides-Extra"))
    assert metadata["License-Expression"] == "Apache-2.0" and "LICENSE" in info
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# tcm")
    required = {line.split(">")[0] for line in metadata.get_all("Requires-Dist") if ";" not in line}
    wanted = (ROOT / "requirements.txt").read_text().split()
    assert required == {line.split(">")[0] for line in wanted}


@pytest.fixture(scope="module")
def tcm(wheel, tmp_path_factory):
    """Return a function that runs `tcm` from the wheel, in an empty folder, and gives its output.

    Its environment has what the tests' one has, but for the package itself.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    asked = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    packages = Path(asked.stdout.strip())
    with zipfile.ZipFile(wheel) as file:
        file.extractall(packages)  # what pip does with a wheel of Python alone, but for the script
    (packages / "others.pth").write_text(
        sysconfig.get_paths()["purelib"]
    )  # its .pth are not followed
    (folder / "empty").mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["CUDA_VISIBLE_DEVICES"] = ""

    def run(*arguments, status=0):
        done = subprocess.run(
            [python, "-P", "-m", "tcm", *arguments],
            cwd=folder / "empty", env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == status, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    run.folder, run.installed = folder / "empty", packages
    return run


@pytest.mark.slow
def test_every_help(tcm):
    for name in COMMANDS:
        assert tcm(*name.split(), "--help").startswith(f"usage: tcm {name}")


@pytest.mark.slow
def test_the_commands_work_from_it(tcm):
    info = json.loads(tcm("info", "--json"))
    assert Path(info["folder"]) == tcm.installed / "tcm"
    assert sum(info["configs"]["methods"].values()) > 100 and "export" in info["extras"]
    tcm("train", "quickstart", "--cfg-options", *SHORT)
    run = tcm.folder / "work_dirs/quickstart"
    environment = json.loads((run / "environment.json").read_text())
    assert environment["commit"] is None and environment["command"].startswith("tcm train ")
    checkpoint = str(run / "inference.ckpt")
    assert "config     quickstart" in tcm("info", checkpoint)
    said = tcm("test", "configs/quickstart.yaml", checkpoint, "--visualize", "pictures",
               "--cfg-options", *SHORT)  # fmt: skip
    assert "quickstart: precision=" in said
    tcm("infer", "quickstart", checkpoint, "pictures", "--out", "found")
    assert len(list((tcm.folder / "found").glob("*.jpg"))) == 2
    tcm("data", "browse", "quickstart", "--num", "1", "--cfg-options", *SHORT)
    cell = ["--fractions", "1", "--seeds", "0", "--cfg-options", *SHORT]
    assert "| 1 | 1 |" in tcm("fewshot", "quickstart", *cell)
    said = tcm("test", "quickstart", checkpoint, "--test-set", "icdar2015", status=2)
    assert "error: data/icdar2015/test.json: no such annotation file" in said
    said = tcm("train", "dbnet_fasttcm-tiny_25e_icdar2015", status=2)
    assert "error: data/icdar2015/train.json: no such annotation file; tcm data prepare" in said
    (tcm.folder / "mine.yaml").write_text(
        "_base_: textdet/dbnet/dbnet_fasttcm-tiny_25e_icdar2015\ntrainer: {max_stepz: 1}\n"
    )
    assert "did you mean 'max_steps'" in tcm("train", "mine", status=2)


@pytest.mark.slow
def test_scores_without_a_model(tcm):
    box = "0,0,50,0,50,20,0,20"
    for name, text in {"gt/gt_img_1": f"{box},word", "own/res_img_1": box}.items():
        (tcm.folder / name).parent.mkdir()
        (tcm.folder / f"{name}.txt").write_text(f"{text}\n")
    files = ["--gt", "gt", "--pred", "own"]
    assert "hmean 1.0000" in tcm("evaluate", "--protocol", "icdar2015", *files)
