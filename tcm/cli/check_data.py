"""Look for mistakes in an annotation file and its images (``tcm data check FILE``)."""

from collections import defaultdict

from tcm.cli.parsers.check_data import parse
from tcm.cli.progress import bars
from tcm.cli.terminal import say
from tcm.data.prepare.check import Finding, find_mistakes


def main(argv: list[str]) -> int:
    """List what is wrong with an annotation file, by kind; return 1 if anything is.

    Raises:
        DataError: The file is missing, no JSON, empty or not of this format at all.
    """
    arguments = parse(argv)
    with bars() as advance:
        findings = find_mistakes(arguments.file, arguments.img_root, advance, arguments.exif)
    _print(findings, arguments.limit)
    if not findings:
        say(f"{arguments.file}: nothing found")
    return 1 if any(finding.is_mistake for finding in findings) else 0


def _print(findings: list[Finding], limit: int) -> None:
    lines = defaultdict(list)
    for finding in findings:
        lines[finding.kind].append(finding.line)
    for kind, found in lines.items():
        say(f"{kind}: {len(found)}")
        for line in found[: limit or None]:
            say(f"  {line}")
        if limit and len(found) > limit:
            say(f"  ... and {len(found) - limit} more")
