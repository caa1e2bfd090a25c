"""Models by name, without a network: the Hub's client is replaced."""

import sys
from types import SimpleNamespace

import huggingface_hub
import pytest

from tcm.errors import CheckpointError, ConfigError
from tcm.hub import remote
from tcm.hub.remote import located, push_to_hub


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("README.md", "model.safetensors", "model.onnx", "notes.docx"):
        (folder / name).write_bytes(b"")
    return folder


def test_a_folder_and_a_file_are_taken_as_they_are(folder):
    assert located(folder) == folder
    assert located(str(folder / "model.onnx")) == folder / "model.onnx"


def test_the_packages_own_are_known_by_what_they_do(monkeypatch, tmp_path):
    monkeypatch.setattr(remote, "find_weights", lambda kind: tmp_path / kind)
    assert located("recognizer") == tmp_path / "recognizer"


def test_a_repository_is_fetched_at_its_revision(monkeypatch, tmp_path):
    calls = []

    def download(name, revision, allow_patterns):
        calls.append((name, revision, "*.safetensors" in allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert located("someone/words", "v2") == tmp_path
    assert calls == [("someone/words", "v2", True)]


def test_a_failed_fetch_is_one_line_that_names_it(monkeypatch):
    def download(name, revision, allow_patterns):
        raise OSError("offline\nmuch more")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(CheckpointError, match=r"^someone/words: .*Hub: offline$"):
        located("someone/words")


@pytest.mark.parametrize(
    "name", ["detektor", "a/b/c", "./absent", "/absent", "a/", "run/best.ckpt"]
)
def test_what_is_no_name_is_not_looked_for_on_the_hub(monkeypatch, name):
    monkeypatch.setattr(huggingface_hub, "snapshot_download", None)
    with pytest.raises(CheckpointError, match="no such folder or checkpoint, neither detector"):
        located(name)


def test_a_models_files_are_sent_and_no_others(monkeypatch, folder):
    calls = {}

    class Api:
        def __init__(self, library_name):
            pass

        def create_repo(self, name, **options):
            calls["made"] = name, options

        def upload_folder(self, **options):
            calls["sent"] = options
            return SimpleNamespace(commit_url="https://hub/commit")

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert push_to_hub(folder, "someone/words", private=True) == "https://hub/commit"
    assert calls["made"] == ("someone/words", {"private": True, "exist_ok": True})
    sent = calls["sent"]
    assert (sent["repo_id"], sent["folder_path"]) == ("someone/words", folder)
    kept = set(
        huggingface_hub.utils.filter_repo_objects(
            [path.name for path in folder.iterdir()], allow_patterns=sent["allow_patterns"]
        )
    )
    assert kept == {"README.md", "model.safetensors", "model.onnx"}


def test_a_folder_without_a_card_is_not_sent(folder):
    (folder / "README.md").unlink()
    with pytest.raises(CheckpointError, match="tcm pack writes one"):
        push_to_hub(folder, "someone/words")


def test_without_its_package_the_error_says_what_to_install(monkeypatch, folder):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ConfigError, match=r"pip install tcm\[hub\]"):
        push_to_hub(folder, "someone/words")
    with pytest.raises(ConfigError, match=r"pip install tcm\[hub\]"):
        located("someone/words")
