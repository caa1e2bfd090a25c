import pytest
import torch

from tcm.errors import ConfigError
from tcm.models.spotters.abcnet.ctc import CTCRecognizer
from tests.models.spotters.abcnet.test_recognizer import CHARSET, MMOCR


def recognizer(charset=CHARSET, **arguments):
    torch.manual_seed(0)
    return CTCRecognizer(4, charset, length=5, hidden=4, **arguments)


def classes_of(net, *texts):
    return torch.stack([torch.from_numpy(net.charset.encode(text, 5)) for text in texts])


@pytest.mark.parametrize("height", [4, 8, 16])
def test_every_height_gives_a_column_of_classes_a_pixel(height):
    net = recognizer(height=height)
    assert net(torch.randn(2, 4, height, 12)).shape == (12, 2, 97)
    with pytest.raises(ConfigError, match="pooler.size"):
        net(torch.randn(2, 4, height * 2, 12))


@pytest.mark.parametrize("charset", [CHARSET, MMOCR])
def test_the_loss_is_that_of_all_alignments(charset):
    net = recognizer(charset, loss_weight=1.0).eval()
    pooled = torch.randn(1, 4, 8, 2)
    found = net.loss(pooled, classes_of(net, "a"))
    a, blank = net.charset.encode("a", 1)[0], net.charset.padding_index
    first, second = net(pooled)[:, 0].softmax(dim=1)
    wanted = -(first[a] * second[a] + first[a] * second[blank] + first[blank] * second[a]).log()
    torch.testing.assert_close(found, wanted)


def test_a_text_longer_than_the_columns_counts_nothing():
    net = recognizer().eval()
    pooled = torch.randn(1, 4, 8, 2, requires_grad=True)
    loss = net.loss(pooled, classes_of(net, "long"))
    loss.backward()
    assert loss.item() == 0
    assert torch.count_nonzero(pooled.grad) == 0


@pytest.mark.parametrize("charset", [CHARSET, MMOCR])
def test_repetitions_are_one_and_blanks_part_them(charset):
    net = recognizer(charset)
    blank = net.charset.padding_index
    a, b = net.charset.encode("ab", 2)
    columns = torch.tensor([[a, a, blank, a, b, b], [blank] * 6, [b, a, b, blank, b, b]])
    logits = torch.nn.functional.one_hot(columns, 97).float().transpose(0, 1)
    net.forward = lambda pooled: logits
    rows = net.read(torch.zeros(3, 4, 8, 6))
    assert [net.charset.decode(row) for row in rows] == ["aab", "", "babb"]


def test_without_regions_the_loss_is_zero_and_touches_every_parameter():
    net = recognizer()
    pooled = torch.zeros(0, 4, 8, 12, requires_grad=True)
    loss = net.loss(pooled, torch.zeros(0, 5, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert all(torch.count_nonzero(p.grad) == 0 for p in net.parameters())
    assert net.read(pooled).shape == (0, 12)


@pytest.mark.parametrize("height", [0, 2, 6])
def test_impossible_heights(height):
    with pytest.raises(ConfigError, match=f"got {height}"):
        recognizer(height=height)
