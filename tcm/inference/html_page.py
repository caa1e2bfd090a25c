"""The frame of the pages that are written: each a file that needs nothing but itself."""

import html

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:1100px;padding:1.5rem}
body{color:#1b1f24;background:#f6f7f8}
h1{font-size:1.3rem}article{background:#fff;border:1px solid #d9dde2;border-radius:8px}
article{margin:1.2rem 0;padding:1rem}summary{cursor:pointer;color:#57606a}
table{border-collapse:collapse;font-size:.9rem;margin-top:.6rem}
td,th{padding:.15rem .8rem .15rem 0;text-align:left}
"""
TAIL = "</body></html>\n"


def head(title: str, style: str = "") -> str:
    """Return the begin of a page, up to its heading.

    Args:
        title: Of the window, and the heading.
        style: Rules of CSS beside those that all pages have.
    """
    name = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}{style}</style></head><body>\n<h1>{name}</h1>\n"
    )
