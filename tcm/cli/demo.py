"""``tcm demo``: a page that reads photos."""

import argparse
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from tcm.cli.parsers.demo import parse
from tcm.cli.readers import chained, settings
from tcm.cli.terminal import say
from tcm.demo.readers import Readers
from tcm.demo.server import DemoServer, is_loopback
from tcm.errors import ConfigError
from tcm.reader.text_reader import ImageReader, WordReader, load
from tcm.shipped import find_weights

log = logging.getLogger("tcm")

T = TypeVar("T", ImageReader, WordReader)


def main(arguments: list[str]) -> int:
    """Run the command until it is interrupted.

    Raises:
        CheckpointError: A model cannot be loaded.
        ConfigError: A model is of the other kind, or the address cannot be listened on.
    """
    args = parse(arguments)
    if args.allow_host and is_loopback(args.host):
        raise ConfigError("--allow-host needs --host, for other machines")
    server = _server(args, _readers(args))
    if not server.local:
        log.warning("%s: whoever reaches this address can use the page", server.url)
    say(f"{server.url}  (Ctrl+C ends it)")
    with server:
        server.serve_forever()
    return 0


def _server(args: argparse.Namespace, readers: Readers) -> DemoServer:
    """Return the server, which listens already.

    Raises:
        ConfigError: It cannot listen.
    """
    most = args.max_upload * 2**20
    try:
        return DemoServer(readers, args.host, args.port, args.allow_host, most)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"--host {args.host} --port {args.port}: {reason}") from error


def _readers(args: argparse.Namespace) -> Readers:
    detectors = _loaded(
        args, "detector", args.detector or [str(find_weights("detector"))], ImageReader
    )
    paths = args.recognizer
    if not paths and not detectors[0][1].chain.detector.reads:
        paths = [str(find_weights("recognizer"))]
    recognizers = _loaded(args, "recognizer", paths, WordReader)
    return Readers(detectors, recognizers, partial(chained, args))


def _loaded(
    args: argparse.Namespace, kind: str, paths: Sequence[str], wanted: type[T]
) -> list[tuple[str, T]]:
    """Return models by the names that the page shows: as short as tells them apart.

    Raises:
        ConfigError: One is of the other kind.
    """
    models: list[tuple[str, T]] = []
    for name, path in zip(_short(paths), paths, strict=True):
        changes = settings(args.set) if kind == "recognizer" else {}
        model = load(path, device=args.device, precision=args.precision, **changes)
        if not isinstance(model, wanted):
            raise ConfigError(f"--{kind} {path}: holds a {model.kind}")
        models.append((name, model))
    return models


def _short(paths: Sequence[str]) -> list[str]:
    """Return the ends of paths that tell them apart: names, or with their folders."""
    parts = [Path(path).absolute().parts for path in paths]
    names = [part[-1] for part in parts]
    length = 1
    while len(set(names)) < len(set(parts)):
        length += 1
        names = ["/".join(part[-length:]) for part in parts]
    return names
