"""``tcm data rotate --ann FILE --out OUT --angles ...``: copies of a set that is turned."""

from pathlib import Path

from tcm import inputs
from tcm.annotations.unified import read_classes
from tcm.cli.parsers.rotate_images import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.formats import unified
from tcm.data.prepare.rotated import rotate_images
from tcm.errors import OutputError
from tcm.files import make_folder


def main(arguments: list[str]) -> int:
    """Run the command.

    Raises:
        DataError: The file or an image is missing, malformed or damaged.
        OutputError: The folder is not empty, or cannot be written to.
    """
    args = parse(arguments)
    records, classes = unified.read(args.ann, args.img_root), read_classes(args.ann)
    if inputs.exists(args.out) and (not inputs.is_dir(args.out) or inputs.listed(args.out)):
        raise OutputError(f"--out {args.out}: is there and not an empty folder; choose another")
    make_folder(args.out)
    for angle in dict.fromkeys(args.angles):
        name = f"rotated_{angle:g}"
        with bars() as advance:
            turned = rotate_images(records, angle, args.out / name, advance, args.exif)
        path = Path(args.out) / f"{name}.json"
        unified.write(path, unified.relative(turned, args.out), classes)
        say(f"{path}: {len(turned):,} images")
    return 0
