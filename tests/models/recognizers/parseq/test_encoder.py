import torch

from tcm.models.recognizers.parseq.encoder import PARSeqEncoder


def test_each_patch_has_its_own_place_in_the_memory():
    torch.manual_seed(0)
    encoder = PARSeqEncoder([8, 32], [4, 8], embed_dim=16, depth=0, num_heads=2).eval()
    images = torch.zeros(2, 3, 8, 32)
    images[1, :, 4:8, 16:24] = 1.0
    first, second = encoder(images)
    assert first.shape == (2 * 4, 16)
    changed = (first != second).any(1)
    assert changed.nonzero().flatten().tolist() == [4 + 2]  # row by row
