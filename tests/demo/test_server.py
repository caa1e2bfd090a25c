"""The server by plain HTTP: what it answers, and all that it refuses."""

import http.client
import json
import socket
import threading
import time

import cv2
import numpy as np
import pytest

from tcm.demo import server as demo
from tcm.demo.readers import Readers
from tcm.demo.server import DemoServer
from tests.demo.models import chained, detector, readers, scene


class Running:
    def __init__(self, *args, **options):
        self.server = DemoServer(*args, **options)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        kind = response.headers["Content-Type"]
        return response, json.loads(content) if kind == "application/json" else content

    def refusal(self, *args, **headers):
        response, content = self.ask(*args, **headers)
        assert set(content) == {"error"} and "\n" not in content["error"]
        return response.status, content["error"]


@pytest.fixture(scope="module")
def running():
    with Running(readers(), most_bytes=100_000) as found:
        yield found


def test_an_image_becomes_words_lines_maps_and_a_preview(running):
    response, found = running.ask("POST", "/read?detector=0&recognizer=1", scene())
    assert response.status == 200
    assert [word["text"] for word in found["words"]] == ["other0", "other1", "other2"]
    assert found["words"][0]["polygon"] == [[20, 20], [121, 20], [121, 46], [20, 46]]
    assert (found["height"], found["width"], found["lines"]) == (240, 320, [[0], [1], [2]])
    assert found["preview"].startswith("data:image/jpeg;base64,")
    assert found["maps"]["score map"]["image"].startswith("data:image/png;base64,")
    assert found["maps"]["score map"]["high"] == pytest.approx(230 / 255)
    assert "image" not in found


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("detector=0&recognizer=0", ["word0"]),
        ("detector=0", [None]),
        ("detector=1", ["own0"]),
        ("detector=1&recognizer=0", ["word0"]),
        ("", [None]),
    ],
)
def test_models_are_chosen_by_their_numbers(query, texts, running):
    _, found = running.ask("POST", f"/read?{query}", scene(1))
    assert [word["text"] for word in found["words"]] == texts


def test_the_models_and_the_bound_are_named(running):
    _, known = running.ask("GET", "/models")
    assert known == {
        "detectors": [{"name": "boxes", "reads": False}, {"name": "spotter", "reads": True}],
        "recognizers": ["numbers", "others"],
        "most_bytes": 100_000,
    }


def test_the_page_is_whole_and_may_load_nothing(running):
    response, content = running.ask("GET", "/")
    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200 and b"</html>" in content
    assert "default-src 'none'" in policy and policy.count("'sha256-") == 2
    assert "unsafe" not in policy
    for outside in (b"http:", b"https:", b"url(", b"@import", b'<link rel="style'):
        assert outside not in content.replace(b"http://www.w3.org/2000/svg", b"")
    assert response.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("args", "status", "reason"),
    [
        (("GET", "/etc/passwd"), 404, "nothing at this address"),
        (("GET", "/../page.html"), 404, "nothing at this address"),
        (("POST", "/", b"a"), 404, "nothing at this address"),
        (("POST", "/read?path=/etc/passwd", b"a"), 400, "detector=NUMBER&recognizer=NUMBER"),
        (("POST", "/read?detector=-1", b"a"), 400, "detector=NUMBER&recognizer=NUMBER"),
        (("POST", "/read?detector=0&detector=1", b"a"), 400, "detector=NUMBER&recognizer=NUMBER"),
        (("POST", "/read?" + "a=1&" * 50, b"a"), 400, "detector=NUMBER&recognizer=NUMBER"),
        (("POST", "/read?detector=9", b"a"), 400, "detector: there is no number 9; there are 2"),
        (("POST", "/read?recognizer=2", b"a"), 400, "recognizer: there is no number 2"),
        (("POST", "/read", b"no image"), 400, "the file: not a whole image (8 bytes)"),
        (("POST", "/read", b"/etc/passwd"), 400, "the file: not a whole image (11 bytes)"),
        (("POST", "/read", scene()[:200]), 400, "the file: not a whole image (200 bytes)"),
        (("POST", "/read", b""), 400, "the file is empty"),
        (("POST", "/read", bytes(100_001)), 413, "100,001 bytes; at most 100,000 are taken"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(args, status, reason, running):
    found, error = running.refusal(*args)
    assert found == status and reason in error


def test_an_image_that_grows_without_bounds_is_refused(running):
    blank = cv2.imencode(".png", np.zeros((20, 20), np.uint8))[1].tobytes()
    large = blank[:16] + (30_000).to_bytes(4, "big") * 2 + blank[24:]
    assert "an image of 30000x30000 pixels; at most" in running.refusal("POST", "/read", large)[1]


def test_a_length_that_lies_or_lacks_is_refused(running):
    assert running.refusal("POST", "/read", iter([b"a"]), Transfer_Encoding="chunked")[0] == 411
    for length in ("-1", "9" * 30, "1e3", ""):
        assert running.refusal("POST", "/read", b"", Content_Length=length)[0] == 411
    connection = socket.create_connection(("127.0.0.1", running.port))
    head = f"POST /read HTTP/1.0\r\nHost: localhost:{running.port}\r\nContent-Length: 9\r\n\r\nabc"
    connection.sendall(head.encode())
    connection.shutdown(socket.SHUT_WR)
    assert b"did not arrive whole" in connection.makefile("rb").read()
    connection.close()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "localhost:1", "10.0.0.1:{port}", "[", ""]
)
@pytest.mark.parametrize("path", ["/", "/models", "/read"])
def test_names_that_are_not_its_own_are_refused(host, path, running):
    method = "POST" if path == "/read" else "GET"
    status, error = running.refusal(method, path, b"", Host=host.format(port=running.port))
    assert status == 403 and "not named" in error


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_requests_of_other_sites_are_refused(headers, running):
    assert running.refusal("POST", "/read", scene(), **headers) == (
        403,
        "requests of other sites are not served",
    )


def test_its_own_requests_and_a_link_to_it_are_served(running):
    own = f"http://localhost:{running.port}"
    host = own.removeprefix("http://")
    response, _ = running.ask(
        "POST", "/read", scene(), Host=host, Origin=own, Sec_Fetch_Site="same-origin"
    )
    assert response.status == 200
    assert running.ask("GET", "/", Sec_Fetch_Site="cross-site")[0].status == 200
    assert running.ask("PUT", "/read", b"a")[0].status == 501


def test_other_machines_may_name_addresses_and_what_is_allowed():
    server = DemoServer(readers(), "0.0.0.0", names=["Desk.local"])
    port = server.server_address[1]
    served = {"10.0.0.1": True, "[fe80::1]": True, "desk.local": True, "evil.example": False}
    assert {host: server.is_own(f"{host}:{port}") for host in served} == served
    assert not server.local
    server.server_close()


def test_one_image_is_read_at_a_time_and_few_wait():
    slow = detector()
    slow.chain.detector.open.clear()
    statuses = []
    with Running(Readers([("slow", slow)], [], chained), waiting=2) as running:

        def read():
            statuses.append(running.ask("POST", "/read", scene())[0].status)

        threads = [threading.Thread(target=read) for _ in range(6)]
        for thread in threads:
            thread.start()
        while len(statuses) < 3:
            time.sleep(0.01)
        slow.chain.detector.open.set()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] * 3 + [503] * 3
        assert slow.chain.detector.most_at_once == 1
        assert running.ask("POST", "/read", scene())[0].status == 200  # places are given back


def test_connections_that_say_nothing_are_bounded_and_end(monkeypatch):
    monkeypatch.setattr(demo, "_CONNECTIONS", 3)
    monkeypatch.setattr(demo._Handler, "timeout", 0.3)
    with Running(readers()) as running:
        silent = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(5)]
        assert silent[4].recv(1) == b""  # closed at once
        time.sleep(0.6)
        assert running.ask("GET", "/models")[0].status == 200
        for connection in silent:
            connection.close()


def test_a_fault_is_one_line_to_the_page_and_whole_in_the_log(caplog):
    broken = detector()
    broken.chain.detector.detect = lambda *_: 1 / 0
    with Running(Readers([("broken", broken)], [], chained)) as running:
        status, error = running.refusal("POST", "/read", scene())
    assert status == 500 and "the log says why" in error
    assert "ZeroDivisionError" in caplog.text
