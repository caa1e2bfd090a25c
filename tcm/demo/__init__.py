"""The page of ``tcm demo``: one HTML file, and the server that reads what it is given.

`Readers` holds the models, `reading` makes an answer of an image file's bytes, `server` speaks
HTTP. The standard library's server is enough for it and comes without a package to install: there
are three addresses, the body of an upload is the file itself, so that no forms are parsed, and one
image is read at a time in any case. What a framework would not bring either is written here: hosts
and origins are checked, sizes bounded, and no path is ever taken from a request.
"""
