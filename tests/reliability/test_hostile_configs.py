"""A config of anyone loads, or one line names its file and what is wrong, at once."""

import os
import time

import pytest
import torch

import tcm.config
from tcm.cli.configs import read_config
from tcm.config import dump_config, load_config
from tcm.engine.checkpoint import read_checkpoint, save_inference_checkpoint
from tcm.errors import ConfigError
from tcm.registry import MODELS
from tests.models.tiny import detector


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a config and returns its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def _fails(path, options=(), read=load_config):
    start = time.process_time()
    with pytest.raises(ConfigError) as error:
        read(path, options)
    assert read is not load_config or time.process_time() - start < 2  # others import models
    text = str(error.value)
    assert len(text.splitlines()) == 1 and text.isprintable() and len(text) < 600
    return text


def _doubled(first, link, count=30):
    names = [f"a{i}" for i in range(count)]
    links = [link.format(new=b, old=a) for a, b in zip(names, names[1:], strict=False)]
    return "\n".join([first.format(new="a0"), *links])


BOMBS = {
    "aliases": (_doubled("{new}: &{new} [x]", "{new}: &{new} [*{old}, *{old}]"), "10000 keys"),
    "merges": (
        _doubled("{new}: &{new} {{k: 1}}", "{new}: &{new} {{<<: [*{old}, *{old}]}}"),
        "10000",
    ),
    "long texts": ("a: &a '" + "x" * 900_000 + "'\nb: [*a, *a]", "1000000 characters"),
    "interpolations": (_doubled("{new}: text", "{new}: '${{{old}}} ${{{old}}}'"), "1000000 char"),
    "computed ones": (_doubled("{new}: a", "{new}: '${{${{{old}}}}}'"), "no more than 16"),
    "an alias in itself": ("a: &a [*a]", "line 1: *a stands within itself"),
    "an interpolation of itself": ("a: '${b}'\nb: {c: '${a}'}", "refers to itself"),
    "a long chain": (
        "a99: 1\n" + "".join(f"a{i}: '${{a{i + 1}}}'\n" for i in range(99)),
        "more than 20 interpolations lead to one another",
    ),
    "open brackets": ("a: '" + "${" * 400 + "'", "no more than 16"),
    "a long interpolation": ("a: '${b}" + "x" * 5000 + "'\nb: 1", "more than 1000 characters"),
    "nested maps": ("a: " + "{a: " * 5000 + "1" + "}" * 5000, "line 1: more than 50 levels deep"),
    "nested lists": ("a: " + "[" * 100_000, "line 1: "),
    "many keys": ("\n".join(f"k{i}: 1" for i in range(90_000)), "more than 10000 keys and values"),
    "a number of 400 digits": ("a: " + "9" * 400, "line 1: a number of more than 100 characters"),
    "a number of 5000 digits": ("a: " + "9" * 5000, "line 1: a number of more than 100 characters"),
    "a number of 20 digits": (
        "b: {a: " + "9" * 20 + "}",
        "b.a: a whole number of more than 63 bits",
    ),
    "a number by sixties": (
        "a: 1" + ":59" * 30_000,
        "line 1: a number of more than 100 characters",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_stands_for_too_much_is_refused_before_it_is_made(write, name):
    text, said = BOMBS[name]
    path = write("c.yaml", text)
    assert said in (message := _fails(path)) and str(path) in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1: 2", "line 1: a text is wanted as key, got 1; quote it"),
        ("a: {no: 2}", "line 1: a text is wanted as key, got False; quote it"),
        ("? [1]\n: 2", "a text is wanted as key, got [1]"),
        ("[1, 2]", "a mapping is wanted at the top, got list"),
        ("text", "a mapping is wanted at the top, got text"),
        ("5", "a mapping is wanted at the top, got int"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("a: !!set {x}", "a config has no values of !!set"),
        ("a: !!int x", "no YAML"),
        ("a: !!bool x", "no YAML"),
        ('a: {b: "\\0"}', r"a.b: '\x00' has a null character"),
        ('"\\0": 1', "has a null character"),
        ('a: "\\ud800"', "line 1: found invalid Unicode character escape code"),
        ("a:\n\tb: 1", "line 2: "),
        ("a: é\n".encode("latin-1"), "line 1: not in UTF-8"),
        ("a: 1".encode("utf-16"), "line 1: not in UTF-8"),
        (b"a: \x01", "control characters are not allowed"),
        (b"#" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_no_config_is_named_with_its_line(write, text, said):
    path = write("c.yaml", text)
    assert said in (message := _fails(path)) and message.startswith(str(path))


def test_what_is_no_file_is_not_waited_for(tmp_path, write):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    with (tmp_path / "big.yaml").open("wb") as file:
        file.truncate(1 << 30)
    said = {
        "pipe.yaml": "is a named pipe",
        "zero.yaml": "is a device",
        "loop.yaml": "cannot be read: Too many levels of symbolic links",
        ".": "is a folder",
        "big.yaml": "larger than 1 MB",
        "x" * 5000: "cannot be read: File name too long",
        "a\0b": "cannot be read: embedded null byte",
        "\ud800": "cannot be read: ",
    }
    for name, reason in said.items():
        assert reason in _fails(tmp_path / name)
        if "\0" not in name and "\ud800" not in name:
            assert reason in _fails(write("child.yaml", f"_base_: '{name}'"))


OPTIONS = {
    "x" + ".a" * 5000 + "=1": "more than 50 levels deep",
    "a=" + "9" * 5000: "a number of more than 100 characters",
    "a=" + "9" * 50: "a whole number of more than 63 bits",
    "a=" + "[" * 1000: "more than 50 levels deep",
    "a={1: 2}": "a text is wanted as key, got 1",
    "a=\0": "control characters are not allowed",
    "a=\ud800": "surrogates not allowed",
    "\ud800=1": "half a surrogate pair",
    "a\0=1": "has a null character",
    "l.²=1": "is not in the list of 2",
    "l." + "9" * 5000 + "=1": "is not in the list of 2",
    "imports=5": "imports: a list of modules and files is wanted, got 5",
    "imports=['']": "imports: no module can be called ''",
    "imports=[.x]": "imports: no module can be called '.x'",
    "imports=['a\\0.py']": "imports: no such file",
    "a=!!bool x": "no YAML",
    "a=&a [*a]": "stands within itself",
    "a=${" * 500: "more than 1000 characters",
}


@pytest.mark.parametrize("option", OPTIONS)
def test_overrides_are_bounded_in_the_same_way(write, option):
    assert OPTIONS[option] in _fails(write("c.yaml", "a: 1\nl: [1, 2]\n"), [option])


def _diamonds(write, levels):
    write("l0.yaml", "a: {x: 0}\n")
    for i in range(1, levels):
        for side in "lr":
            bases = f"[l{i - 1}.yaml, {'r' if i > 1 else 'l'}{i - 1}.yaml]"
            write(f"{side}{i}.yaml", f"_base_: {bases}\na: {{{side}{i}: 1}}\n")
    return write("c.yaml", f"_base_: [l{levels - 1}.yaml, r{levels - 1}.yaml]\n")


def test_a_file_that_many_name_is_read_once(write, monkeypatch):
    path, reads = _diamonds(write, 5), []
    real = tcm.config.read_yaml
    monkeypatch.setattr(tcm.config, "read_yaml", lambda p: reads.append(p) or real(p))
    config = load_config(path)
    assert len(reads) == len(set(reads)) == 10
    assert config["a"] == {"x": 0, **{f"{side}{i}": 1 for side in "lr" for i in range(1, 5)}}


def test_diamonds_of_22_levels_are_refused(write):
    assert "_base_: more than 1000 files to merge" in _fails(_diamonds(write, 22))


def test_a_chain_of_bases_is_bounded(write):
    for i in range(60):
        write(f"c{i}.yaml", f"_base_: c{i + 1}.yaml\n")
    assert "_base_: more than 50 files" in _fails(write("c.yaml", "_base_: c0.yaml\n"))


QUICKSTART = "configs/quickstart.yaml"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("data={train: text}", "data.train: a mapping or null is wanted, got 'text'"),
        ("data.train=text", "data.train: a mapping or null is wanted, got 'text'"),
        ("data=[1]", "data: a mapping is wanted, got [1]"),
        ("model=5", "model: a mapping is wanted, got 5"),
        ("model={a: 1, _delete_: true}", "model: a mapping with 'type' is wanted"),
        ("model.head=[1]", "model.head: a mapping is wanted, got [1]"),
        ("data.train.pipeline={a: 1}", "data.train.pipeline: a list"),
        ("trainer.max_steps=.inf", "trainer.max_steps: a whole number at least 1 or null"),
        ("trainer.max_steps=.nan", "trainer.max_steps: a whole number at least 1 or null"),
        ("trainer.max_epochs=1e400", "trainer.max_epochs: a whole number at least 1 or null"),
        ("optimizer.lr=.inf", "optimizer.lr: a number at least 0 is wanted, got inf"),
        ("data.prefetch_factor=0", "data.prefetch_factor: a whole number at least 1 or null"),
        ("data.train.broken=maybe", "data.train.broken: 'error' or 'skip' is wanted"),
        ("model.backbone.with_cp=3", "model.backbone.with_cp: true or false is wanted, got 3"),
        (
            "data.train.dataset={_delete_: true, type: Mix, parts: "
            "[{dataset: {type: SyntheticText, length: 4}, weigth: 2}]}",
            "takes no argument 'weigth'; did you mean 'weight'?",
        ),
        ("model.charset=" + "x" * 300, "Detector takes no argument 'charset'"),
        ("evaluation.metrics=[1]", "evaluation.metrics: a mapping is wanted, got [1]"),
        ('"\\e[1mx"=1', "unknown section"),
    ],
)
def test_a_wrong_value_is_one_line_with_its_place(option, said):
    assert said in _fails(QUICKSTART, [option], read_config)


def test_what_the_environment_holds_is_written_nowhere(write, tmp_path, monkeypatch):
    monkeypatch.setenv("TCM_TEST_TOKEN", "s3cr3t-0123456789")
    text = "token: '${oc.env:TCM_TEST_TOKEN}'\nurl: 'https://${token}@host'\n"
    path = write("c.yaml", text + "model: {size: '${n}'}\nn: 4\n")
    config = load_config(path, ["more=${oc.env:TCM_TEST_TOKEN}"])
    assert config["url"] == "https://s3cr3t-0123456789@host"
    assert config["more"] == config["token"] == "s3cr3t-0123456789"
    assert config["model"] == {"size": 4}
    dump_config(config, tmp_path / "config.yaml")
    torch.manual_seed(0)
    model = MODELS.build(detector("CLIPResNet"), "model")
    save_inference_checkpoint(model, config, tmp_path / "inference.ckpt")
    for file in ("config.yaml", "inference.ckpt"):
        assert b"s3cr3t" not in (tmp_path / file).read_bytes()
    assert load_config(tmp_path / "config.yaml") == config
    _, extra = read_checkpoint(tmp_path / "inference.ckpt")
    assert extra["config"]["token"] == "${oc.env:TCM_TEST_TOKEN}"
    assert extra["config"]["model"] == {"size": "${n}"}
