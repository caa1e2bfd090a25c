import json
import threading
import urllib.request

import pytest

from tcm.cli import demo
from tcm.demo.server import DemoServer
from tcm.errors import ConfigError
from tcm.reader.text_reader import WordReader
from tests.demo.models import Numbers, detector, scene


@pytest.fixture
def models(monkeypatch):
    """Let a path's name tell what it holds."""
    asked = []

    def load(path, **options):
        asked.append(path)
        if "rec" in path:
            return WordReader(Numbers())
        return detector(reads="spotter" in path)

    monkeypatch.setattr(demo, "load", load)
    monkeypatch.setattr(demo, "find_weights", lambda kind: f"own/{kind[:3]}.ckpt")
    return asked


def test_the_page_is_served_until_it_is_interrupted(models, monkeypatch, capsys):
    served = []

    def serve(server):
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        request = urllib.request.Request(f"{server.url}read?recognizer=0", scene(1), method="POST")
        with urllib.request.urlopen(request) as response:
            served.append(json.load(response))
        thread.join()

    monkeypatch.setattr(DemoServer, "serve_forever", serve)
    assert demo.main(["--port", "0"]) == 0
    assert models == ["own/det.ckpt", "own/rec.ckpt"]
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")
    assert served[0]["text"] == "word0"


def test_a_spotter_needs_no_recognizer(models):
    known = demo._readers(demo.parse(["--detector", "spotter.ckpt"])).to_dict()
    assert known["detectors"] == [{"name": "spotter.ckpt", "reads": True}]
    assert not known["recognizers"] and models == ["spotter.ckpt"]


def test_names_are_as_short_as_tells_models_apart(models):
    given = ["--detector", "runs/a/best.ckpt", "--detector", "runs/b/best.ckpt"]
    known = demo._readers(demo.parse([*given, "--recognizer", "x/rec.ckpt"])).to_dict()
    assert [one["name"] for one in known["detectors"]] == ["a/best.ckpt", "b/best.ckpt"]
    assert known["recognizers"] == ["rec.ckpt"]


def test_a_model_of_the_other_kind_is_named(models):
    with pytest.raises(ConfigError, match="--detector rec.ckpt: holds a recognizer"):
        demo.main(["--detector", "rec.ckpt"])
    with pytest.raises(ConfigError, match="--recognizer det.ckpt: holds a detector"):
        demo.main(["--recognizer", "det.ckpt"])


def test_other_machines_are_let_in_with_a_warning(models, monkeypatch, caplog):
    monkeypatch.setattr(DemoServer, "serve_forever", lambda server: None)
    assert demo.main(["--port", "0"]) == 0
    assert "whoever reaches" not in caplog.text
    assert demo.main(["--port", "0", "--host", "0.0.0.0", "--allow-host", "desk"]) == 0
    assert "whoever reaches this address can use the page" in caplog.text


def test_an_address_that_cannot_be_listened_on_is_one_line(models):
    with DemoServer(demo._readers(demo.parse([]))) as taken:
        port = str(taken.server_address[1])
        with pytest.raises(ConfigError, match=f"--port {port}: Address already in use"):
            demo.main(["--port", port])
    with pytest.raises(ConfigError, match="--host no.such.host.invalid"):
        demo.main(["--host", "no.such.host.invalid"])
    with pytest.raises(ConfigError, match="--allow-host needs --host"):
        demo.main(["--allow-host", "desk"])


@pytest.mark.parametrize("port", ["-1", "65536", "a"])
def test_ports_are_bounded(port, capsys):
    with pytest.raises(SystemExit):
        demo.main(["--port", port])
    assert "wanted, got" in capsys.readouterr().err
