"""Each kind of wait for the device is seen, and what does not wait is left alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.ops import nms

from tcm.devices import on_device
from tcm.inference.waits import counted_waits
from tcm.models.losses import dice_loss

DEVICE = torch.device("cpu")  # stands for the device: what names it lies there
X = torch.arange(12.0).view(3, 4)
ROW = torch.tensor([0, 2])


def assign(tensor, index, value):
    tensor = tensor.clone()
    tensor[index] = value
    return tensor


def ctc():
    logits = torch.zeros(5, 2, 3, device=DEVICE, requires_grad=True)
    lengths = (torch.full((2,), n, device=DEVICE) for n in (5, 2))
    F.ctc_loss(logits.log_softmax(2), torch.ones_like(ROW).expand(2, 2), *lengths).backward()


class _Reads(torch.autograd.Function):
    """Waits in its backward pass alone."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * grad.sum().item()


WAITS = {
    "item": (1, lambda: X[0, 0].item()),
    "int": (1, lambda: int(X[0, 0])),
    "bool": (1, lambda: bool((X > 3).any())),
    "tolist": (1, lambda: X.tolist()),
    "numpy": (1, lambda: X.numpy()),
    "asarray": (1, lambda: np.asarray(X)),
    "cpu": (1, lambda: X.cpu().numpy()),
    "to the host": (1, lambda: X.to("cpu").tolist()),
    "nonzero": (1, lambda: torch.nonzero(X)),
    "where": (1, lambda: torch.where(X > 3)),
    "masked_select": (1, lambda: X.masked_select(X > 3)),
    "mask": (1, lambda: X[X > 3]),
    "mask of rows": (1, lambda: X[:, X[0] > 1]),
    "two masks": (2, lambda: X[X[:, 0] > 3, X[0] < 1]),
    "assigned mask": (1, lambda: assign(X, X[:, 0] > 3, X[1:])),
    "unique": (1, lambda: X.unique()),
    "unique rows": (1, lambda: X.unique(dim=0)),
    "bincount": (1, lambda: torch.bincount(ROW)),
    "equal": (1, lambda: torch.equal(X, X)),
    "repeats": (1, lambda: X.repeat_interleave(ROW.new_ones(3), dim=0)),
    "nms": (1, lambda: nms(X, X[:, 0], 0.5)),
    "ctc": (2, ctc),
    "backward": (1, lambda: _Reads.apply(X.clone().requires_grad_()).sum().backward()),
    "tensor": (1, lambda: torch.tensor([1, 2], device=DEVICE)),
    "as_tensor": (1, lambda: torch.as_tensor([1, 2], device=DEVICE)),
    "new_tensor": (1, lambda: X.new_tensor([1, 2])),
    "to the device": (1, lambda: torch.arange(3).to(X)),
    "computed and moved": (1, lambda: (torch.rand(3) * 2).view(1, 3).to(DEVICE)),
    "index of the host": (1, lambda: X[torch.arange(2)]),
    "list": (1, lambda: X[:, [0, 1]]),
    "array": (1, lambda: X[np.array([0, 1])]),
    "assigned list": (1, lambda: assign(X, [0, 1], 0.0)),
    "copy": (1, lambda: X.clone().copy_(torch.zeros(3, 4))),
    "read into the host": (1, lambda: assign(torch.zeros(2), 0, X[0, 0])),
}  # fmt: skip

FREE = {
    "made there": lambda: torch.arange(3, device=DEVICE) + torch.zeros_like(X)[:, 0],
    "on the host": lambda: (torch.rand(3) < 0.5).tolist(),
    "index of the host in the host": lambda: torch.rand(5)[torch.randperm(5)[torch.arange(2)]],
    "number into the host": lambda: assign(torch.zeros(2), 0, 1.0).numpy(),
    "numbers": lambda: X * 2 + torch.where(X > 1, X, 1.0).masked_fill(X > 3, 0),
    "a host's scalar": lambda: X * torch.tensor(2.0),
    "number into a mask": lambda: assign(X, X > 3, 0.0),
    "index of the device": lambda: X[ROW, ROW],
    "slices": lambda: assign(X[:, ::2], 0, X[1, ::2]),
    "type": lambda: X.to(torch.float64).to(X),
    "repeated alike": lambda: X.repeat_interleave(2, 0),
    "repeats of a known size": lambda: X.repeat_interleave(ROW.new_ones(3), 0, output_size=3),
    "on_device": lambda: X[on_device([0, 1], DEVICE)],
    "losses": lambda: dice_loss(X.sigmoid().requires_grad_(), X > 3, X > 1).backward(),
}


@pytest.mark.parametrize("case", WAITS)
def test_waits(case):
    expected, function = WAITS[case]
    with counted_waits() as waits:
        function()
    assert waits.count == expected, waits
    assert all(str(__file__) in place for place in waits.places)


@pytest.mark.parametrize("case", FREE)
def test_what_does_not_wait(case):
    with counted_waits() as waits:
        FREE[case]()
    assert waits.count == 0, waits


def test_places_are_those_of_the_package():
    decoder = pytest.importorskip("tcm.models.recognizers.parseq.tokenizer").Tokenizer(36)
    with counted_waits() as waits:
        decoder.texts(torch.zeros(2, 3, 37, device=DEVICE))
        decoder.texts(torch.zeros(2, 3, 37, device=DEVICE))
    (line,) = str(waits).splitlines()
    assert line.startswith("tcm/models/recognizers/parseq/tokenizer.py:")
    assert line.endswith(" cpu: 2")


def test_results_are_the_same_under_the_count():
    torch.manual_seed(0)
    expected = torch.rand(3).tolist(), X[X > 3].sum().item(), X.cpu() + 1
    torch.manual_seed(0)
    with counted_waits():
        found = torch.rand(3).tolist(), X[X > 3].sum().item(), X.cpu() + 1
    assert found[:2] == expected[:2] and torch.equal(found[2], expected[2])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_reports_its_waits():
    x = torch.arange(12.0, device="cuda")
    with counted_waits("cuda") as waits:
        x.sum().item()
        x[x > 3]
        on_device([1, 2], x.device)
        (x * 2).sum()
    assert waits.count == 2, waits
    assert torch.cuda.get_sync_debug_mode() == 0
