"""Weights files are data: a TorchScript archive gives its numbers, and nothing in it runs."""

import warnings
import zipfile
from pathlib import Path

import pytest
import torch

import tcm
from tcm.errors import CheckpointError
from tcm.state_dicts import read_state_file

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::torch.jit.TracerWarning")


class _Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 1, bias=False).half()
        self.bn = torch.nn.BatchNorm2d(4).half()
        self.register_buffer("grid", torch.arange(12).reshape(3, 4).t())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features."""
        return self.bn(self.conv(x)) + self.grid.sum()


class _Clip(torch.nn.Module):
    """The kinds of entries that OpenAI's archive has, small."""

    def __init__(self):
        super().__init__()
        self.visual = torch.nn.Sequential(_Block(), torch.nn.Sequential())
        self.transformer = torch.nn.Linear(4, 4).half()
        self.text_projection = torch.nn.Parameter(torch.randn(4, 6).half().t())
        self.logit_scale = torch.nn.Parameter(torch.tensor(4.6))
        self.register_buffer("input_resolution", torch.tensor(224))
        self.register_buffer("empty", torch.empty(0, 3))
        self.register_buffer("mask", torch.ones(2, dtype=torch.bool), persistent=False)
        self.tied = self.transformer
        self.no_entry = torch.ones(3)  # an attribute that is neither parameter nor buffer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Use everything that a script could leave out."""
        return (
            self.visual(x) * self.logit_scale + self.no_entry.sum() + torch.tensor([1.0, 2.0]).sum()
        )


def _archive(path, traced):
    torch.manual_seed(0)
    model = _Clip().eval()
    model.bfloat = torch.nn.Parameter(torch.randn(3, 3).bfloat16())
    example = torch.ones(1, 3, 4, 4).half()
    made = torch.jit.trace(model, example) if traced else torch.jit.script(model)
    torch.jit.save(made, path)
    return path


@pytest.mark.parametrize("traced", [False, True])
def test_an_archive_gives_the_state_dict_that_running_it_gave(tmp_path, traced):
    path = _archive(tmp_path / "RN50.pt", traced)
    expected = torch.jit.load(path, map_location="cpu").state_dict()
    found = read_state_file(path)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        wanted = tensor.float() if tensor.is_floating_point() else tensor
        assert found[name].dtype == wanted.dtype and found[name].equal(wanted), name
    assert found["visual.0.conv.weight"].dtype == torch.float32


class _Writes(torch.nn.Module):
    """Writes a file when it is loaded."""

    def __init__(self, target: str):
        super().__init__()
        self.target = target
        self.weight = torch.nn.Parameter(torch.ones(2))

    @torch.jit.export
    def __getstate__(self) -> tuple[str, torch.Tensor]:
        """Return what `__setstate__` takes."""
        return (self.target, self.weight)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, torch.Tensor]) -> None:
        """Write."""
        torch.save(state[1], state[0])
        self.target = state[0]
        self.weight = state[1]
        self.training = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input."""
        return x


class _Outer(torch.nn.Module):
    def __init__(self, target: str):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2))
        self.inner = _Writes(target)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the input."""
        return self.inner(x)


@pytest.mark.parametrize("kind", [_Writes, _Outer])
def test_an_archive_whose_loading_writes_a_file_writes_nothing(tmp_path, kind):
    target = tmp_path / "overwritten"
    path = tmp_path / "RN50.pt"
    torch.jit.save(torch.jit.script(kind(str(target))), path)
    torch.jit.load(path)
    assert target.exists(), "the attack no longer works, so that nothing is tested"
    target.unlink()
    with pytest.raises(CheckpointError, match=r"^.*RN50\.pt: .*no module of plain attributes"):
        read_state_file(path)
    assert not target.exists()


def _altered(source, target, **changed):
    """Copy an archive with some of its entries replaced; `__` in a name is a dot."""
    changed = {name.replace("__", "."): make for name, make in changed.items()}
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            make = changed.get(name.partition("/")[2])
            new.writestr(name, make(data) if make else data)
    return target


def _fails(path):
    with pytest.raises(CheckpointError) as error:
        read_state_file(path)
    assert len(str(error.value).splitlines()) == 1 and str(path) in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "reduce", [b"cos\nsystem\n", b"cbuiltins\nexec\n", b"c__torch__\nsystem\n"]
)
def test_a_call_in_an_archives_pickle_is_not_made(tmp_path, reduce):
    target = tmp_path / "written"
    command = f"touch {target}" if b"exec" not in reduce else f"open({str(target)!r}, 'w')"
    text = command.encode()
    gadget = b"\x80\x02" + reduce + b"X" + len(text).to_bytes(4, "little") + text + b"\x85R."
    source = _archive(tmp_path / "RN50.pt", traced=False)
    _fails(_altered(source, tmp_path / "b.pt", data__pkl=lambda _: gadget))
    assert not target.exists()


def test_a_storage_that_claims_more_than_it_has_is_refused(tmp_path):
    source = _archive(tmp_path / "RN50.pt", traced=False)
    old = b"K\x0ct"  # the 12 numbers of each weight
    for claim in (b"J\xff\xff\xff\x7ft", b"M\xff\xfft"):
        path = _altered(source, tmp_path / "b.pt", data__pkl=lambda d, c=claim: d.replace(old, c))
        assert "claims" in _fails(path) or "larger than its storage" in _fails(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"K\x04K\x03", b"K\x04K\x7f", "larger than its storage"),  # a size
        (b"torch\nHalfStorage", b"torch\nQInt8Storage", "KeyError"),
        (b"_rebuild_tensor_v2", b"_rebuild_qtensor", "no dense tensor"),
    ],
)
def test_a_tensor_that_is_none_is_refused(tmp_path, old, new, said):
    source = _archive(tmp_path / "RN50.pt", traced=False)
    path = _altered(source, tmp_path / "b.pt", data__pkl=lambda d: d.replace(old, new))
    assert said in _fails(path)


def test_a_packed_bomb_is_refused(tmp_path):
    source = _archive(tmp_path / "RN50.pt", traced=False)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(tmp_path / "b.pt", "w") as new:
        for name in old.namelist():
            packed = "/data/" in name
            data = bytes(1 << 20) if packed else old.read(name)
            new.writestr(name, data, zipfile.ZIP_DEFLATED if packed else None)
    assert "is compressed" in _fails(tmp_path / "b.pt")


def test_entries_of_one_name_are_refused(tmp_path):
    source = _archive(tmp_path / "RN50.pt", traced=False)
    with zipfile.ZipFile(source, "a") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.writestr(file.namelist()[0].upper(), b"")
    assert "entries of one name" in _fails(source)


def test_modules_in_a_circle_and_without_end_are_refused(tmp_path):
    source = _archive(tmp_path / "RN50.pt", traced=False)
    node = b"c__torch__.torch.nn.modules.container\nSequential\n)\x81"
    a, b = (b"X\x01\x00\x00\x00" + key for key in (b"a", b"b"))
    circle = b"\x80\x02" + node + b"q\x00}" + a + b"h\x00sb."
    assert "deep" in _fails(_altered(source, tmp_path / "b.pt", data__pkl=lambda _: circle))
    links = [node + b"}(" + a + b"h%c" % i + b + b"h%c" % i + b"ubq%c" % (i + 1) for i in range(40)]
    doubling = b"\x80\x02" + node + b"}bq\x00" + b"".join(links) + b"."
    assert "more than" in _fails(_altered(source, tmp_path / "c.pt", data__pkl=lambda _: doubling))


def test_nothing_in_the_package_runs_torchscript():
    folder = Path(tcm.__file__).parent
    assert not [f for f in folder.rglob("*.py") if "jit.load(" in f.read_text(encoding="utf-8")]
