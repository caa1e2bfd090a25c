import numpy as np
import pytest

from tcm.data.synth.render import draw_mask, make_illegible, warp_patch
from tcm.data.synth.shapes import make_shape


@pytest.mark.parametrize("text", ["Ag", "ace", "HELLO", "|"])
@pytest.mark.parametrize("outline_ratio", [0.0, 0.06])
def test_the_box_is_the_ink_and_has_the_height(text, outline_ratio):
    mask = draw_mask(text, "DejaVuSerif", 20, outline_ratio)
    ys, xs = np.nonzero(mask.coverage[:, :, 1] > 127)
    assert mask.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert mask.size[1] == pytest.approx(20)
    assert 0.45 < mask.scale < 0.7  # drawn larger than needed, but not by far


def test_flat_characters_are_scaled_like_an_x():
    dash, letter = draw_mask("-", "DejaVuSans", 20), draw_mask("x", "DejaVuSans", 20)
    assert dash.size[1] < 8
    assert dash.size[0] < letter.size[0]
    assert dash.scale == pytest.approx(letter.scale, rel=0.05)


def test_an_outline_surrounds_the_letters():
    plain, mask = draw_mask("oak", "DejaVuSans", 24), draw_mask("oak", "DejaVuSans", 24, 0.06)
    assert not plain.outlined and (plain.coverage[:, :, 0] == plain.coverage[:, :, 1]).all()
    assert mask.outlined and (mask.coverage[:, :, 1] >= mask.coverage[:, :, 0]).all()
    assert mask.coverage[:, :, 1].sum() > 1.1 * mask.coverage[:, :, 0].sum()


def test_illegible_words_keep_their_box_and_ink_but_lose_their_detail():
    mask = draw_mask("legible", "DejaVuSans", 24)
    smeared = make_illegible(mask)
    x0, y0, x1, y1 = mask.box
    before, after = (m.coverage[y0:y1, x0:x1, 0].astype(float) for m in (mask, smeared))
    assert smeared.box == mask.box and smeared.coverage.shape == mask.coverage.shape
    assert after.mean() == pytest.approx(before.mean(), rel=0.1)
    assert np.abs(np.diff(after)).mean() < 0.15 * np.abs(np.diff(before)).mean()


def test_a_patch_is_cut_at_the_image():
    mask = draw_mask("cut", "DejaVuSans", 20)
    shape = make_shape("straight", *mask.size, 14, np.random.default_rng(0))
    patch = warp_patch(mask, shape.moved(np.array([1.0, 31.0])), (32, 32))
    assert (patch.x, patch.y) == (0, 20)
    assert patch.coverage.shape[0] == 12 and 0 < patch.coverage.shape[1] <= 32


def test_spacing_widens_a_word_and_leaves_its_height():
    close, wide = (draw_mask("open", "DejaVuSans", 24, spacing=s) for s in (0.0, 0.3))
    assert wide.size[0] > 1.2 * close.size[0]
    assert wide.size[1] == pytest.approx(close.size[1], abs=0.5)
