"""The raw datasets that ``tcm data prepare`` reads, by name.

A reader takes the raw folder, a report of progress and options of its own, and returns the records
of each split.
"""

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the options of a command need the names alone
    from tcm.data.formats.raw import Splits

Reader = Callable[..., "Splits"]

# Module and function, imported when they are asked for.
READERS: dict[str, str] = {
    "art": "art.read",
    "cocotext": "cocotext.read",
    "ctw1500": "ctw1500.read",
    "curved_synthtext": "curved_synthtext.read",
    "dior_r": "dior_r.read",
    "dota": "dota.read",
    "hiertext": "hiertext.read",
    "hrsc2016": "hrsc2016.read",
    "hust_tr400": "msra_td500.read_hust",
    "icdar2013": "icdar2013.read",
    "icdar2015": "icdar2015.read",
    "icdar2017_mlt": "icdar_mlt.read_2017",
    "inverse_text": "inverse_text.read",
    "joint98k": "joint98k.read",
    "lsvt": "art.read_lsvt",
    "ltb_det": "ltb_det.read",
    "mlt2019": "icdar_mlt.read_2019",
    "msra_td500": "msra_td500.read_msra",
    "occluded_roadtext": "occluded_roadtext.read",
    "rctw": "rctw.read",
    "rects": "rects.read",
    "rrc_txt": "rrc_txt.read",
    "synthtext": "synthtext.read",
    "textocr": "textocr.read",
    "totaltext": "totaltext.read",
}


def reader(name: str) -> Reader:
    """Return the reader of a key of `READERS`."""
    module, _, function = READERS[name].partition(".")
    return getattr(importlib.import_module(f"tcm.data.formats.{module}"), function)
