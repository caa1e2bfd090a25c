"""The field's annotation files, parsed and written once for data preparation and for scoring.

One module a format. All parsers take a `TextFile` (or an entry of a JSON) and return `Instance`s;
an error names file and line. What they differ in between their users is a named option:

* ``strict``: take what the official script takes, and refuse what it refuses. Otherwise the
  variants that people have are taken where only one reading is possible, and `Instance.assumed`
  says what was assumed.
* ``dont_care`` (Total-Text): which texts are don't-care.
* ``quotes`` (lines with a text at the end): whether quotes around a text belong to it.

Nothing here needs torch.
"""
