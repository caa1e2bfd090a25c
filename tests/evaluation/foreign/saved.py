"""What the tests of the readers share: a file saved, read and told."""

import json

from tcm.evaluation.foreign.sources import read

QUAD = [[10.0, 5.0], [50.0, 5.0], [50.0, 15.0], [10.0, 15.0]]


def images_of(source, path, content, how=None):
    """Write a content as JSON, read it as of the source."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read(source, [path], how)


def rows(image):
    """Return outline, text and score of each text."""
    return [(one.polygon.tolist(), one.text, one.confidence) for one in image.texts]
