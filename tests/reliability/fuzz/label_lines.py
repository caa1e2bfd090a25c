"""Labels of images as lines and as XML, lists of word crops, lexicons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tcm.annotations.files import read_bytes
from tcm.data.formats import ctw1500, msra_td500, rrc, totaltext
from tcm.data.formats.unified import text_instances
from tcm.data.storage.label_files import read_labels
from tcm.evaluation.reading.lexicon import Lexicons, read_pairs

_FOURTEEN = ",".join(map(str, range(10, 38)))
_WRAPPED = "x: [[ 1 11\n 11  1]], y: [[2 2 8\n   8]], ornt: [u'c'], transcriptions: [u'it\\'s']\n"

_FORMS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "icdar2015.txt": ("\ufeff1,1,9,1,9,5,1,5,a, b\n1,1,9,1,9,5,1,5,###\n", rrc.read_quads),
    "mlt.txt": ("1,1,9,1,9,5,1,5,Latin,a\n", lambda path: rrc.read_quads(path, script=True)),
    "icdar2013.txt": ('1 1 9 5 "a"\n1, 1, 9, 5, "b"\n', rrc.read_boxes),
    "polygons.txt": ("1,1,9,1,9,5,####a\n1,1,9,1,9,5,1,5,b\n", rrc.read_polygons),
    "four.txt": ("1,1,9,1,9,5,1,5,1,5\n", lambda path: rrc.read_polygons(path, 4)),
    "ctw.txt": (f"{_FOURTEEN},####a b\n{_FOURTEEN},###\n", ctw1500.read_txt),
    "legacy.txt": (f"1,2,38,39,{_FOURTEEN}\n" * 2, ctw1500.read_legacy),
    "ctw.xml": (
        '<Annotations><image file="1.jpg"><box height="9"><label>a</label>'
        f"<segs>{_FOURTEEN}</segs><pts x='1'/></box></image></Annotations>",
        ctw1500.read_xml,
    ),
    "totaltext.txt": (_WRAPPED + _WRAPPED.replace("'c'", "'#'"), totaltext.read_words),
    "lines.txt": ("1,1,9,1,9,5,a\n1,1,9,1,9,5,#\n", totaltext.read_words),
    "msra.gt": ("0 0 10 20 30 40 0.5\n1 1 10 20 30 40 -0.5\n", msra_td500.read_gt),
    "hust.gt": ("0 0 1 2 3 4 0.5 7 8\n", lambda path: msra_td500.read_gt(path, more_fields=True)),
    "space.txt": ("a/1.png word one\nb.png two\n", read_labels),
    "tab.txt": ("a/1.png\tword\nb.png\ttwo\n", read_labels),
    "quoted.txt": ('a.png, "it\\"s"\nb.png, "two"\n', read_labels),
    "words.jsonl": (
        '{"filename": "a.png", "text": "b"}\n{"img_path": "c", "text": ""}\n',
        read_labels,
    ),
    "words.json": (
        '{"data_list": [{"img_path": "a.png", "instances": [{"text": "b"}]}]}',
        read_labels,
    ),
    "lexicon.txt": ("# head\nword\nnext one\n", lambda path: Lexicons("generic", path)),
    "pairs.txt": (
        "WORD Word!\nNEXT ONE next one\n",
        lambda path: read_pairs(read_bytes(path), ["word", "next one"]),
    ),
}


def seeds(folder: Path) -> list[Path]:
    """Write a file of each form."""
    for name, (content, _) in _FORMS.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in _FORMS]


def run(path: Path) -> None:
    """Read it as its name says."""
    found = _FORMS[path.name][1](path)
    if isinstance(found, list) and found and hasattr(found[0], "polygon"):
        text_instances(found)
