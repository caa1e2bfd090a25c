"""The server of the page: what it takes is checked before it is read, and bounded.

Addresses: ``GET /`` is the page, ``GET /models`` names models and the bound of an upload, ``POST
/read?detector=0&recognizer=1`` reads the image that is its body. A page of another site can do
nothing with it: names of hosts that are not its own are refused (DNS rebinding), and so are
requests that another origin has sent (CSRF). Every mistake is answered with one line.
"""

import base64
import hashlib
import importlib.resources
import ipaddress
import json
import logging
import re
import socket
import time
from collections.abc import Collection, Mapping
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tcm.demo.answer import answer
from tcm.demo.readers import WAITING, BusyError, Choice, Queue, Readers
from tcm.errors import ConfigError, TCMError

log = logging.getLogger("tcm")

MOST_BYTES = 32 * 2**20  # of an upload
_CONNECTIONS = 32  # at once
_PATIENCE_S = 20.0  # for the next bytes of a request
_UPLOAD_S = 300.0  # for the whole of it
_DRAINED = 2 * MOST_BYTES  # of an upload that is refused: else the answer does not arrive
_PART = 2**16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SAFE = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Refused(TCMError):  # noqa: N818  # an answer, not a fault
    """A request that is not served.

    Args:
        status: Of HTTP.
        reason: A line.
    """

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class DemoServer(ThreadingHTTPServer):
    """Serve the page until it is stopped.

    Args:
        readers: The models.
        host: The address to listen on.
        port: The port; 0 for any that is free.
        names: Further names by which the machine may be addressed, beside addresses.
        most_bytes: Of an upload.
        waiting: Images that may wait for their turn.

    Raises:
        OSError: The address cannot be listened on.
    """

    daemon_threads = True

    def __init__(
        self,
        readers: Readers,
        host: str = "127.0.0.1",
        port: int = 0,
        names: Collection[str] = (),
        most_bytes: int = MOST_BYTES,
        waiting: int = WAITING,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.readers = readers
        self.most_bytes = most_bytes
        self.queue = Queue(waiting)
        self.local = is_loopback(host)
        self.names = {*_LOOPBACK, *(name.lower() for name in names)}
        self._connections = BoundedSemaphore(_CONNECTIONS)

    @property
    def url(self) -> str:
        """The address of the page."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/"

    def is_own(self, host: str) -> bool:
        """Tell whether a request's Host names this server.

        A foreign name that somebody lets point here is not its own. An address is, as no site can
        be made to have it; but on loopback only its own.
        """
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname, parts.port or 80
        except ValueError:
            return False
        if name is None or port != self.server_address[1]:
            return False
        return name in self.names or (not self.local and _is_address(name))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, if there are not too many."""
        if not self._connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a fault; a client that has gone is none."""
        log.debug("a connection ended early", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: DemoServer
    timeout = _PATIENCE_S
    server_version, sys_version = "tcm", ""
    error_content_type, error_message_format = "text/plain; charset=utf-8", "%(message)s\n"

    def do_GET(self) -> None:
        self._answered(self._get)

    def do_POST(self) -> None:
        self._answered(self._post)

    def _answered(self, respond: Any) -> None:
        try:
            self._check()
            respond()
        except Refused as error:
            self._send_json(error.status, {"error": str(error)})
        except BusyError as error:
            self._send_json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})
        except TCMError as error:
            line = " ".join(str(error).split())
            self._send_json(HTTPStatus.BAD_REQUEST, {"error": line})
        except (OSError, TimeoutError):
            raise
        except Exception:
            log.exception("the page: a request failed")
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            self._send_json(status, {"error": "the image could not be read; the log says why"})

    def _check(self) -> None:
        """Refuse what another site may have sent.

        Raises:
            Refused: The Host is not ours, or the Origin another.
        """
        host = self.headers.get("Host", "")
        if not self.server.is_own(host):
            reason = f"this server is not named {host[:60]!r}; see --allow-host"
            raise Refused(HTTPStatus.FORBIDDEN, reason)
        origin = self.headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other sites are not served")
        followed = self.command == "GET" and self.path == "/"  # a link to the page, from anywhere
        site = self.headers.get("Sec-Fetch-Site", "none")
        if site not in ("none", "same-origin") and not followed:
            raise Refused(HTTPStatus.FORBIDDEN, "requests of other sites are not served")

    def _get(self) -> None:
        path = urlsplit(self.path).path
        if path == "/":
            content, policy = page()
            headers = {"Content-Security-Policy": policy}
            self._send(HTTPStatus.OK, content, "text/html; charset=utf-8", headers)
        elif path == "/models":
            known = self.server.readers.to_dict()
            self._send_json(HTTPStatus.OK, {**known, "most_bytes": self.server.most_bytes})
        else:
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _post(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != "/read":
            raise Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        reader = self.server.readers.of(_choice(parts.query))
        length = self._length()
        try:
            with self.server.queue.place():
                data = self._body(length)
                with self.server.queue.turn:
                    found = answer(data, reader)
        except BusyError:
            self._drain(length)
            raise
        self._send_json(HTTPStatus.OK, found)

    def _length(self) -> int:
        """Return the length of the file that is sent.

        Raises:
            Refused: It is unknown, or more than is taken.
        """
        text = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,18}", text):
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "the length of the file is wanted")
        length, most = int(text), self.server.most_bytes
        if length > most:
            self._drain(length)
            reason = f"the file has {length:,} bytes; at most {most:,} are taken"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)
        return length

    def _body(self, length: int) -> bytes:
        """Return the file that is sent.

        Raises:
            Refused: It is empty or cut.
        """
        data = bytearray()
        end = time.monotonic() + _UPLOAD_S
        while len(data) < length and time.monotonic() < end:
            part = self.rfile.read1(min(_PART, length - len(data)))
            if not part:
                break
            data += part
        if len(data) < length or not length:
            raise Refused(HTTPStatus.BAD_REQUEST, "the file is empty or did not arrive whole")
        return bytes(data)

    def _drain(self, length: int) -> None:
        left = min(length, _DRAINED)
        end = time.monotonic() + _PATIENCE_S
        while left > 0 and time.monotonic() < end:
            part = self.rfile.read1(min(_PART, left))
            if not part:
                return
            left -= len(part)

    def _send_json(self, status: HTTPStatus, content: Mapping[str, Any]) -> None:
        data = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
        self._send(status, data, "application/json", {})

    def _send(self, status: HTTPStatus, data: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**_SAFE, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("the page: %s", format % args)


@cache
def page() -> tuple[bytes, str]:
    """Return the page, and a policy by which it runs its own script and style and loads nothing."""
    content = importlib.resources.files("tcm.demo").joinpath("page.html").read_bytes()
    hashes = {tag: _hashes(content, tag) for tag in ("script", "style")}
    policy = {
        "default-src": "'none'",
        "script-src": hashes["script"],
        "style-src": hashes["style"],
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return content, "; ".join(f"{name} {value}" for name, value in policy.items())


def is_loopback(host: str) -> bool:
    """Tell whether an address can only be reached from this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _hashes(content: bytes, tag: str) -> str:
    found = re.findall(rb"<%b>(.*?)</%b>" % (tag.encode(), tag.encode()), content, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(part).digest()).decode() for part in found)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def _choice(query: str) -> Choice:
    """Return the choice of a query such as ``detector=0&recognizer=1``.

    Raises:
        ConfigError: It is no such query.
    """
    try:
        fields = parse_qs(query, keep_blank_values=True, max_num_fields=8)
    except ValueError:
        fields = {"": []}
    if set(fields) - {"detector", "recognizer"} or any(
        len(values) != 1 or not re.fullmatch("[0-9]{1,6}", values[0]) for values in fields.values()
    ):
        raise ConfigError("detector=NUMBER&recognizer=NUMBER is wanted, and nothing else")
    numbers = {key: int(values[0]) for key, values in fields.items()}
    return Choice(numbers.get("detector", 0), numbers.get("recognizer"))
