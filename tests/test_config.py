"""Inheritance, overrides and mistakes of config files."""

import copy
import sys

import pytest
import yaml

from tcm.config import dump_config, load_config
from tcm.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a config file and returns its path."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def _fails(path, options=()):
    """Load a config that is wrong; return what is said, which must be one line."""
    with pytest.raises(ConfigError) as error:
        load_config(path, options)
    text = str(error.value)
    assert len(text.splitlines()) == 1
    return text


def test_a_base_is_relative_to_the_file_that_names_it(write):
    write("bases/grand.yaml", "a: 1\nb: 1\n")
    write("bases/parent.yaml", "_base_: grand.yaml\nb: 2\n")
    child = write("children/child.yaml", "_base_: ../bases/parent.yaml\nc: 3\n")
    assert load_config(child) == {"a": 1, "b": 2, "c": 3}


def test_several_bases_are_merged_in_their_order(write):
    write("one.yaml", "a: {x: 1, y: 1}\n")
    write("two.yaml", "a: {y: 2, z: 2}\n")
    path = write("c.yaml", "_base_: [one.yaml, two.yaml]\na: {z: 3}\n")
    assert load_config(path) == {"a": {"x": 1, "y": 2, "z": 3}}


def test_two_bases_may_share_a_base(write):
    write("root.yaml", "a: 1\n")
    write("one.yaml", "_base_: root.yaml\nb: 1\n")
    write("two.yaml", "_base_: root.yaml\nc: 1\n")
    assert load_config(write("c.yaml", "_base_: [one.yaml, two.yaml]\n")) == dict(a=1, b=1, c=1)


def test_delete_replaces_a_mapping_and_leaves_no_trace(write):
    write("base.yaml", "o: {type: Adam, weight_decay: 1, inner: {a: 1}}\nk: {a: 1}\n")
    path = write("c.yaml", "_base_: base.yaml\no: {_delete_: true, type: Ranger}\nk: {b: 2}\n")
    assert load_config(path) == {"o": {"type": "Ranger"}, "k": {"a": 1, "b": 2}}


def test_delete_in_a_base_replaces_what_a_base_before_it_set(write):
    write("first.yaml", "a: {x: 1, y: 2}\nb: 1\n")
    write("second.yaml", "a: {_delete_: true, z: 3}\n")
    child = write("child.yaml", "_base_: [first.yaml, second.yaml]\na: {w: 4}\n")
    assert load_config(child) == {"a": {"z": 3, "w": 4}, "b": 1}


def test_delete_leaves_no_trace_without_a_base_either(write):
    path = write("c.yaml", "o: {_delete_: true, i: {_delete_: true, a: 1}}\n")
    assert load_config(path) == {"o": {"i": {"a": 1}}}


def test_lists_are_replaced_whole(write):
    write("base.yaml", "pipeline: [{type: A, p: 1}, {type: B}]\n")
    path = write("c.yaml", "_base_: base.yaml\npipeline: [{type: C}]\n")
    assert load_config(path) == {"pipeline": [{"type": "C"}]}


def test_a_mapping_takes_the_place_of_a_scalar_and_null_that_of_a_mapping(write):
    write("base.yaml", "a: 1\nb: {c: 1}\n")
    assert load_config(write("c.yaml", "_base_: base.yaml\na: {x: 2}\nb: null\n")) == {
        "a": {"x": 2},
        "b": None,
    }


def test_interpolation_sees_the_merged_config_and_the_overrides(write):
    write("base.yaml", "size: 32\ncrop: {size: '${size}'}\n")
    path = write("c.yaml", "_base_: base.yaml\nsize: 64\n")
    assert load_config(path)["crop"]["size"] == 64
    assert load_config(path, ["size=96"])["crop"]["size"] == 96


@pytest.mark.parametrize("value", ["${nowhere}", "${open"])
def test_an_interpolation_of_nothing_is_an_error_with_the_file(write, value):
    path = write("c.yaml", f"a: '{value}'\n")
    assert str(path) in (text := _fails(path)) and value.strip("${}") in text


@pytest.mark.parametrize("text", ["1e-4", "1.0e-4", "0.0001"])
def test_numbers_in_scientific_notation_are_floats(write, text):
    path = write("c.yaml", f"lr: {text}\n")
    assert load_config(path)["lr"] == 1e-4
    assert load_config(path, [f"other={text}"])["other"] == 1e-4


def test_a_duplicate_key_is_an_error_with_file_and_line(write):
    path = write("c.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n")
    assert _fails(path).startswith(f"{path}, line 4: found duplicate key c")


def test_wrong_yaml_is_an_error_with_file_and_line_of_the_base(write):
    base = write("base.yaml", "a: 1\nb: [1, 2\n")
    assert _fails(write("c.yaml", "_base_: base.yaml\n")).startswith(f"{base}, line 3: ")


def test_a_file_that_is_no_mapping(write):
    path = write("c.yaml", "[1, 2]")
    assert _fails(path) == f"{path}: a mapping is wanted at the top, got list"


def test_a_file_in_another_encoding(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes("a: Größe".encode("latin-1"))
    assert str(path) in _fails(path)


def test_a_file_cannot_be_its_own_base(write):
    path = write("c.yaml", "_base_: c.yaml\n")
    assert _fails(path) == f"{path}: the file is its own _base_"


def test_nor_can_its_base_be_built_on_it(write):
    write("a.yaml", "_base_: b.yaml\n")
    path = write("b.yaml", "_base_: a.yaml\n")
    assert _fails(path) == f"{path}: the file is its own _base_"


def test_a_missing_base_names_the_nearest_file(write, tmp_path):
    write("bases/dbnet.yaml", "a: 1\n")
    path = write("c.yaml", "_base_: bases/dbent.yaml\n")
    expected = f"{tmp_path}/bases/dbent.yaml: no such config file; did you mean 'dbnet.yaml'?"
    assert _fails(path) == expected


@pytest.mark.parametrize("base", ["null", "5", "[5]", "{a: b.yaml}"])
def test_a_base_that_is_no_path_is_an_error(write, base):
    path = write("c.yaml", f"_base_: {base}\n")
    assert str(path) in (text := _fails(path)) and "_base_" in text


TREE = "model: {neck: {type: FPNC}}\nlist: [{a: 1}, {a: 2}]\nscalar: 5\nnothing: null\n"


@pytest.mark.parametrize(
    ("option", "get"),
    [
        ("scalar=6", lambda c: c["scalar"] == 6),
        ("scalar=", lambda c: c["scalar"] is None or c["scalar"] == ""),
        ("scalar=null", lambda c: c["scalar"] is None),
        ("scalar=a=b", lambda c: c["scalar"] == "a=b"),
        ("scalar='5'", lambda c: c["scalar"] == "5"),
        ("model.neck.type=ASF", lambda c: c["model"]["neck"] == {"type": "ASF"}),
        ("model.neck.new=true", lambda c: c["model"]["neck"] == {"type": "FPNC", "new": True}),
        ("model.head.k=50", lambda c: c["model"]["head"] == {"k": 50}),
        ("nothing.at.all=1", lambda c: c["nothing"] == {"at": {"all": 1}}),
        ("model.neck={a: 1}", lambda c: c["model"]["neck"] == {"type": "FPNC", "a": 1}),
        ("model.neck={_delete_: true, a: 1}", lambda c: c["model"]["neck"] == {"a": 1}),
        ("list.1.a=9", lambda c: c["list"] == [{"a": 1}, {"a": 9}]),
        ("list.0={b: 3}", lambda c: c["list"] == [{"b": 3}, {"a": 2}]),
        ("list=[1, 2]", lambda c: c["list"] == [1, 2]),
    ],
)
def test_overrides(write, option, get):
    assert get(load_config(write("c.yaml", TREE), [option]))


def test_overrides_apply_in_order_and_leave_other_keys_alone(write):
    path = write("c.yaml", TREE)
    plain, changed = load_config(path), load_config(path, ["scalar=6", "scalar=7"])
    assert changed == plain | {"scalar": 7}


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("scalar", "'a.b.c=value' is wanted"),
        ("=5", "'a.b.c=value' is wanted"),
        ("list.2.a=1", "'list.2' is not in the list of 2"),
        ("list.2=1", "'list.2' is not in the list of 2"),
        ("list.-1=1", "'list.-1' is not in the list of 2"),
        ("list.first.a=1", "'list.first' is not in the list of 2"),
        ("scalar.a=1", "'scalar' holds 5, not a mapping or a list"),
        ("scalar.a.b=1", "'scalar.a' does not exist, its parent holds 5"),
        ("scalar=[1,", "the value is no YAML"),
        ("scalar={a: 1", "the value is no YAML"),
        ("scalar={a: 1, a: 2}", "the value is no YAML"),
        ("scalar=a: b: c", "the value is no YAML"),
        ("scalar='open", "the value is no YAML"),
        ("scalar=${open", "the value is no YAML"),
    ],
)
def test_wrong_overrides_are_errors_that_name_them(write, option, expected):
    text = _fails(write("c.yaml", TREE), [option])
    assert option.partition("=")[0] in text
    assert expected in text


def test_nothing_given_is_modified(write):
    base = write("base.yaml", TREE)
    path = write("c.yaml", "_base_: base.yaml\nmodel: {neck: {a: 1}}\n")
    before = [base.read_bytes(), path.read_bytes()]
    options = ["list.0.a=5"]
    load_config(path, options)
    assert options == ["list.0.a=5"]
    assert [base.read_bytes(), path.read_bytes()] == before


def test_a_dumped_config_reads_back_the_same_in_its_order(write, tmp_path):
    config = {"z": 1e-4, "a": {"b": [1, None, "ä", "1e-4", True]}, "text": "no"}
    before = copy.deepcopy(config)
    dump_config(config, tmp_path / "out.yaml")
    assert load_config(tmp_path / "out.yaml") == config == before
    assert list(yaml.safe_load((tmp_path / "out.yaml").read_text("utf-8"))) == ["z", "a", "text"]


def test_imports_run_files_beside_the_config_and_modules_by_name(write):
    write("plug_ins/mine_beside.py", "import mine_helper\nLOADED = mine_helper.VALUE\n")
    write("plug_ins/mine_helper.py", "VALUE = 7\n")
    write("base.yaml", "imports: [json]\na: 1\n")
    path = write("plug_ins/c.yaml", "_base_: ../base.yaml\nimports: [mine_beside.py]\n")
    config = load_config(path)
    assert config["imports"] == ["json", str(path.parent / "mine_beside.py")]
    assert sys.modules["mine_beside"].LOADED == 7


def test_mistakes_of_imports_are_named(write):
    write("mine_there.py", "")
    text = _fails(write("c.yaml", "imports: [mine_their.py]\n"))
    assert "c.yaml: imports: no such file" in text and "did you mean 'mine_there.py'?" in text
    assert "imports: no module named 'no_such.module'" in _fails(
        write("c.yaml", "imports: [no_such.module]\n")
    )
    assert "imports must be a list" in _fails(write("c.yaml", "imports: {a: 1}\n"))
    write("json.py", "")
    assert "a module 'json' is there already" in _fails(write("c.yaml", "imports: [json.py]\n"))


def test_a_bug_in_an_imported_file_is_shown_as_a_bug(write):
    write("mine_broken.py", "import no_such_dependency\n")
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        load_config(write("c.yaml", "imports: [mine_broken.py]\n"))
