"""Small XML files, whole in memory, without entities."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from tcm.annotations.files import TextFile
from tcm.errors import DataError


def root_of(file: TextFile) -> ET.Element:
    """Return the root of an XML file.

    Raises:
        DataError: It is no XML, or declares entities; the text gives the file and the line.
    """
    if any("<!ENTITY".encode(codec) in file.raw for codec in ("ascii", "utf-16-le", "utf-16-be")):
        raise DataError(f"{file.source}: entities are not read, which may grow without bounds")
    try:
        return ET.fromstring(file.raw)
    except ET.ParseError as error:
        raise DataError(f"{file.source}:{error.position[0]}: no XML: {error}") from error
    except (ValueError, LookupError) as error:  # of its encoding
        raise DataError(f"{file.source}: no XML: {error}") from error


def fields(element: ET.Element, names: Sequence[str], place: str) -> list[str]:
    """Return the texts of an element's children of these names.

    Raises:
        DataError: One is missing or empty.
    """
    found = [(element.findtext(name) or "").strip() for name in names]
    for name, text in zip(names, found, strict=True):
        if not text:
            raise DataError(f"{place}: the element '{name}' is missing or empty")
    return found
