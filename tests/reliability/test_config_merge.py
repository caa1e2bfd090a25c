"""What holds of merging any configs, whatever they are."""

import copy
import string
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tcm.config import _merge, dump_config, load_config, override

_seeded = settings(max_examples=20, deadline=None, derandomize=True, database=None)

_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0$"), max_size=8)
_numbers = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
_leaves = st.none() | st.booleans() | _numbers | _texts | st.lists(_numbers | _texts, max_size=3)
_names = st.text(string.ascii_lowercase[:4], min_size=1, max_size=2)


def _trees(leaves, depth=3):
    """Return mappings in which a key always holds either a mapping or never one, by its name."""
    if not depth:
        return st.just({})
    leaf = st.dictionaries(_names.map("value_{}".format), leaves, max_size=3)
    inner = st.dictionaries(_names.map("map_{}".format), _trees(leaves, depth - 1), max_size=2)
    return st.builds(lambda one, other: {**one, **other}, leaf, inner)


_same_shape = _trees(_leaves)
_any = st.recursive(
    _leaves,
    lambda c: st.dictionaries(_names, c, max_size=3) | st.lists(c, max_size=2),
    max_leaves=9,
)
_mappings = st.dictionaries(_names, _any, max_size=4)


@_seeded
@given(_mappings, _mappings)
def test_merging_changes_neither_of_the_two(base, over):
    before = copy.deepcopy((base, over))
    _merge(base, over)
    assert (base, over) == before


@_seeded
@given(_mappings)
def test_nothing_and_itself_change_nothing(tree):
    assert _merge(tree, {}) == _merge({}, tree) == _merge(tree, tree) == tree


@_seeded
@given(_same_shape, _same_shape, _same_shape)
def test_the_order_of_merging_does_not_matter_where_mappings_meet_mappings(a, b, c):
    assert _merge(_merge(a, b), c) == _merge(a, _merge(b, c))


@_seeded
@given(_mappings, _mappings)
def test_the_later_one_has_its_say(base, over):
    merged = _merge(base, over)
    assert merged.keys() == base.keys() | over.keys()
    for key, value in merged.items():
        if key not in over:
            assert value == base[key]
        elif not (isinstance(base.get(key), dict) and isinstance(over[key], dict)):
            assert value == over[key]


@_seeded
@given(_mappings, _mappings, st.booleans())
def test_delete_leaves_nothing_of_the_former_and_no_trace(base, over, replace):
    merged = _merge({"a": base}, {"a": {"_delete_": replace, **over}})
    assert merged == {"a": over if replace else _merge(base, over)}


@_seeded
@given(_mappings, st.lists(_names, min_size=1, max_size=3), st.integers(0, 9))
def test_an_override_sets_one_place_and_leaves_the_rest(tree, keys, value):
    node = tree
    for key in keys[:-1]:
        node = node.get(key) if isinstance(node, dict) else 0
        if node is not None and not isinstance(node, dict):
            return  # an error, which test_config.py has
        node = node or {}
    changed = copy.deepcopy(tree)
    override(changed, f"{'.'.join(keys)}={value}")
    expected: dict = {keys[-1]: value}
    for key in reversed(keys[:-1]):
        expected = {key: expected}
    assert changed == _merge(tree, expected)


@_seeded
@given(_mappings)
def test_what_is_written_reads_back_the_same(tree):
    tree.pop("imports", None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.yaml"
        dump_config(tree, path)
        assert repr(load_config(path)) == repr(tree)
