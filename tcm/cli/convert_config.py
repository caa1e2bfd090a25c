"""Write a config of MMOCR as one of ours (``tcm convert-config``)."""

import tempfile
from pathlib import Path

from tcm.cli.configs import read_config
from tcm.cli.outputs import Outputs
from tcm.cli.parsers.convert_config import parse
from tcm.cli.terminal import say
from tcm.config import as_yaml
from tcm.errors import ConfigError
from tcm.files import write_text
from tcm.integrations.mmocr_configs.convert import Converted, convert


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        ConfigError: MMOCR's config cannot be read or has no counterpart, ours would be wrong, or
            `--strict` was given and something has no counterpart.
        OutputError: The file cannot be written, or would replace one that is not ours.
    """
    args = parse(arguments)
    outputs = Outputs([args.source])
    if args.out is not None:
        outputs.file("--out", args.out)
    converted = convert(args.source)
    if args.strict and converted.lacking:
        raise ConfigError(f"{args.source}: without counterpart:", *_indented(converted.lacking))
    text = _text(converted, args.source.name)
    _check(text, args.source)
    if args.out is None:
        say(*text.splitlines())
        return 0
    with outputs.writing(args.out):
        write_text(args.out, text)
    say(f"{args.out}: written, {len(converted.lacking)} things without counterpart")
    say(*_indented(converted.lacking))
    return 0


def _text(converted: Converted, name: str) -> str:
    head = [f"# From MMOCR's {name}, by tcm convert-config."]
    if converted.lacking:
        head += ["# Without counterpart here:", *(f"# {line}" for line in converted.lacking)]
    return "\n".join([*map(_one_line, head), as_yaml(converted.config)])


def _check(text: str, source: Path) -> None:
    """Read the config as a command would.

    Raises:
        ConfigError: With a line for each mistake, its place as of our config.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{source.stem}.yaml")
        write_text(path, text)
        try:
            read_config(str(path))
        except ConfigError as error:
            lines = [str(line).replace(f"{path}: ", "") for line in error.args]
            raise ConfigError(f"{source}: its values do not do here", *lines) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _indented(lines: list[str]) -> list[str]:
    return [f"  {_one_line(line)}" for line in lines]
