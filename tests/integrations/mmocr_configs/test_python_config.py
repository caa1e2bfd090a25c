import pytest

from tcm.errors import ConfigError
from tcm.integrations.mmocr_configs.python_config import merge, read_python_config


@pytest.fixture
def read(tmp_path):
    """Return a function that writes files and reads the last one."""

    def read(**files):
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.write_text(text)
        return read_python_config(path)

    return read


def test_values_are_what_python_makes_of_them(read):
    text = "a = 32.0 / 255\nb = [1, -2, *(3, 4)]\nc = dict(x=a, **{'y': b[1:3]})\nd = f'{b[0]}e'\n"
    found = read(own=text + "e = c.y\nc.z = 'n' + 'm'\ne += [5]\n")
    assert found["a"] == 32 / 255
    assert found["b"] == [1, -2, 3, 4]
    assert found["c"] == {"x": 32 / 255, "y": [-2, 3], "z": "nm"}
    assert (found["d"], found["e"]) == ("1e", [-2, 3, 5])


def test_mappings_of_a_base_are_joined_lists_and_deleted_ones_replaced(read):
    base = "m = dict(a=dict(x=1, y=2), b=dict(x=1), c=[1, 2])\nn = 1\n"
    own = "_base_ = ['base.py']\nm = dict(a=dict(y=3), b=dict(_delete_=True, z=1), c=[3])\n"
    found = read(base=base, own=own)
    assert found == {"m": {"a": {"x": 1, "y": 3}, "b": {"z": 1}, "c": [3]}, "n": 1}


def test_a_base_is_changed_by_its_name(read):
    own = "_base_ = 'base.py'\n_base_.m.a = dict(y=2)\nk = _base_.m\nk.b = 3\n"
    found = read(base="m = dict(a=dict(x=1))\n", own=own)
    assert found["m"] == {"a": {"y": 2}, "b": 3} == found["k"]


def test_merging_leaves_both_alone():
    base, over = {"a": {"x": 1}}, {"a": {"y": [2]}}
    merge(base, over)["a"]["y"].append(3)
    assert (base, over) == ({"a": {"x": 1}}, {"a": {"y": [2]}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nimport os\n", "line 2: 'import os' is more than"),
        ("a = open('/etc/passwd')\n", "line 1: .* is more than"),
        ("a = dict(x=1)\nb = a.__class__\n", "line 2: .*'__class__' is not there"),
        ("a = _base_.b\n", "line 1: .*'b' is not there"),
        ("a = [\n", "line 1: no Python"),
        ("a = 'x' * 100000\n", "line 1: .* is more than"),
        ("a = [1]\n" + "a = [*a, *a]\n" * 30, "is more than"),
        ("a = dict()\na.b = a\n", "more than 100000 values"),
        ("a = [1, 2]\n" + "a = [a, a]\n" * 40, "more than 100000 values"),
        ("_base_ = 'own.py'\n", "bases of one another"),
        ("_base_ = 'none.py'\n", "none.py does not exist"),
        ("_base_ = 'other::a.py'\n", "in other, which is not installed"),
    ],
)
def test_what_is_no_setting_of_values_is_refused_with_its_place(read, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read(own=text)
    assert "own.py" in str(caught.value) and "\n" not in str(caught.value)
