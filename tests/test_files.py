import errno
import json
import os
import stat
import subprocess
import sys

import pytest

from tcm import files
from tcm.errors import OutputError


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_when_it_is_whole(tmp_path):
    with files.whole(tmp_path / "new/a.txt") as file:
        file.write("one")
        assert not (tmp_path / "new/a.txt").exists()
    assert (tmp_path / "new/a.txt").read_bytes() == b"one" and left(tmp_path / "new") == ["a.txt"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_stop_leaves_what_was_there(tmp_path, stop):
    files.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(stop), files.whole(tmp_path / "a.txt") as file:
        file.write("half of the n")
        raise stop
    assert (tmp_path / "a.txt").read_text() == "old" and left(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, at):
    files.write_bytes(tmp_path / "a", b"old")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    owner = files.Path if at == "replace" else os
    monkeypatch.setattr(owner, at, full)
    with pytest.raises(OutputError, match="a: cannot be written: No space left on device"):
        files.write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old" and left(tmp_path) == ["a"]


def test_an_error_of_another_file_is_not_taken_for_the_target_s(tmp_path):
    with pytest.raises(FileNotFoundError), files.whole(tmp_path / "a"):
        (tmp_path / "another").read_text()


def test_a_link_is_followed(tmp_path):
    (tmp_path / "far").mkdir()
    files.write_text(tmp_path / "far/real", "old")
    (tmp_path / "link").symlink_to(tmp_path / "far/real")
    files.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "far/real").read_text() == "new"


def test_a_pipe_is_written_straight_away(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    files.write_text(tmp_path / "pipe", "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("redirection", ["| cat", "> {}/out && cat {}/out"])
def test_the_output_of_a_command_is_written_into(tmp_path, redirection):
    code = "import tcm.files as f; print('before', flush=True); f.write_text('/dev/stdout', 'text')"
    command = f'"{sys.executable}" -c "{code}" {redirection.format(tmp_path, tmp_path)}'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "before\ntext"


@pytest.mark.parametrize("name", ["file/a.txt", "folder", "nul\0l"])
def test_what_cannot_be_written_is_named(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=f"{name}: cannot be written"):
        files.write_text(tmp_path / name, "text")
    assert left(tmp_path) == ["file", "folder"]


def test_a_name_that_is_no_utf8_survives_json(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    files.write_json(tmp_path / "a.json", {"path": name, "text": "Straße 字"})
    assert json.loads((tmp_path / "a.json").read_bytes().decode("utf-8"))["path"] == name
    assert "Straße 字" in (tmp_path / "a.json").read_text("utf-8")


def test_parts_of_killed_writers_are_removed(tmp_path):
    for name in (".last.ckpt.01234567.part", ".other", "a.part"):
        (tmp_path / name).write_text("")
    files.remove_parts(tmp_path)
    assert left(tmp_path) == [".other", "a.part"]


def test_a_log_grows_by_lines_and_a_full_disk_is_named(tmp_path):
    for text in ("one", "two"):
        files.append_line(tmp_path / "a.jsonl", text)
    assert (tmp_path / "a.jsonl").read_text() == "one\ntwo\n"
    with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left on device"):
        files.append_line("/dev/full", "one")


def test_a_file_where_a_folder_belongs(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(OutputError, match="a: no folder can be made here: File exists"):
        files.make_folder(tmp_path / "a")
