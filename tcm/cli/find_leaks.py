"""``tcm data leaks``: training images that are test images of another set."""

from tcm.cli.outputs import Outputs
from tcm.cli.parsers.find_leaks import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.datasets.text_dataset import TextDataset
from tcm.data.prepare.leaks import Leak, NamedSet, by_hash, by_list, by_names, write_list

_LISTED = 20  # leaks printed


def main(arguments: list[str]) -> int:
    """Run the command; return 1 if there is a leak.

    Raises:
        ConfigError: There is nothing to go by.
        DataError: A file or an image is missing, malformed or damaged.
        OutputError: The list cannot be written, or would replace a file that is not ours.
    """
    args = parse(arguments)
    outputs = Outputs([args.train, *args.test, *args.pairs])
    outputs.file("--out", args.out)
    train = TextDataset(str(args.train), exif=args.exif)
    tests = [NamedSet(str(path), TextDataset(str(path), exif=args.exif)) for path in args.test]
    leaks = by_names(train, tests) if args.names else []
    for path in args.pairs:
        leaks += by_list(train, tests, path)
    if not args.no_hash:
        with bars() as advance:
            leaks += by_hash(train, tests, args.threshold, advance)
    with outputs.writing(args.out):
        count = write_list(args.out, leaks)
    _print(leaks)
    say(f"{args.out}: {count} of {len(train)} training images are test images")
    return 1 if count else 0


def _print(leaks: list[Leak]) -> None:
    for leak in leaks[:_LISTED]:
        say(f"  {leak.image} is {leak.test} ({leak.how})")
    if len(leaks) > _LISTED:
        say(f"  ... and {len(leaks) - _LISTED} more, in the list")
