from dataclasses import replace

import cv2
import numpy as np
import pytest
import shapely

from tcm.data.synth import scene
from tcm.data.synth.layout import place_words
from tcm.data.synth.render import warp_patch
from tcm.data.synth.scene import brightness, draw_word, make_scene
from tests.data.synth.test_layout import OPTIONS


def covered(words, threshold):
    """Return the pixels, (H, W) bool, that words cover with their letters or outlines."""
    ink = np.zeros(OPTIONS.size, bool)
    for word in words:
        patch = warp_patch(word.mask, word.shape, OPTIONS.size)
        height, width = patch.coverage.shape[:2]
        area = ink[patch.y : patch.y + height, patch.x : patch.x + width]
        area |= patch.coverage.max(axis=2) > threshold
    return ink


def letters_alone(mask):
    """Return a mask without its outline."""
    return replace(mask, coverage=mask.coverage[:, :, [0, 0]])


def test_only_pixels_within_a_polygon_change_when_a_word_is_drawn(monkeypatch):
    monkeypatch.setattr(scene, "_SHADOW", 0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for word in place_words(OPTIONS, rng):
            image = np.full((*OPTIONS.size, 3), 128, np.uint8)
            draw_word(image, word, rng)
            change = np.abs(image.astype(int) - 128).max(axis=2)
            ys, xs = np.nonzero(change > change.max() / 2)
            pixels = shapely.points(xs + 0.5, ys + 0.5)
            assert shapely.distance(shapely.Polygon(word.shape.outline), pixels).max() < 0.8


def test_a_shadow_lies_to_the_lower_right_and_is_dark(monkeypatch):
    word = place_words(OPTIONS, np.random.default_rng(0))[0]
    images = []
    for share in (0, 1):
        monkeypatch.setattr(scene, "_SHADOW", share)
        images.append(np.full((*OPTIONS.size, 3), 200, np.uint8))
        draw_word(images[-1], word, np.random.default_rng(1))
    changed = images[0].min(axis=2) > images[1].min(axis=2)
    ink = np.argwhere(covered([word], 127))
    assert changed.any() and (np.argwhere(changed).max(axis=0) > ink.max(axis=0)).all()


@pytest.mark.parametrize("seed", range(12))
def test_letters_stand_out_from_their_ground(seed):
    image, _ = make_scene(OPTIONS, np.random.default_rng(seed))
    words = place_words(OPTIONS, np.random.default_rng(seed))  # the first thing a scene does
    brightness = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(float)
    for word in words:
        inside = np.zeros(OPTIONS.size, np.uint8)
        cv2.fillPoly(inside, [np.round(word.shape.outline - 0.5).astype(np.int32)], 1)
        ground = (inside > 0) & ~covered([word], 0)
        letters = covered([replace(word, mask=letters_alone(word.mask))], 200)
        assert abs(brightness[letters].mean() - brightness[ground].mean()) > 30


def test_words_are_drawn_light_on_dark_and_dark_on_light():
    images = [np.full((*OPTIONS.size, 3), level, np.uint8) for level in (20, 235)]
    for image in images:
        for word in place_words(OPTIONS, np.random.default_rng(0)):
            draw_word(image, word, np.random.default_rng(0))
    assert images[0].max() > 80 and images[1].min() < 175


def test_the_neighbourhood_of_the_edge_can_hold_a_shadow(monkeypatch):
    monkeypatch.setattr(scene, "_SHADOW", 1)
    word = place_words(OPTIONS, np.random.default_rng(0))[0]
    corner = np.array(OPTIONS.size[::-1]) - word.shape.outline.max(axis=0)
    word = replace(word, shape=word.shape.moved(corner))
    image = np.full((*OPTIONS.size, 3), 128, np.uint8)
    draw_word(image, word, np.random.default_rng(0))
    assert (image[-1] != 128).any() or (image[:, -1] != 128).any()


def test_a_busy_ground_gets_a_plate(monkeypatch):
    monkeypatch.setattr(scene, "_PLATE", 0)
    word = place_words(OPTIONS, np.random.default_rng(0))[0]
    rows, columns = np.indices(OPTIONS.size) // 4
    checks = np.repeat(((rows + columns) % 2 * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    plain = np.full_like(checks, 90)
    for image in (checks, plain):
        scene.draw_plate(image, word, np.random.default_rng(0))
    assert len(np.unique(checks[covered([word], 0)], axis=0)) == 1
    assert (plain == 90).all()


def test_no_plate_covers_a_word(monkeypatch):
    # Plates as large as the image: one drawn after a word would hide it.
    height, width = OPTIONS.size
    everything = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    monkeypatch.setattr(scene, "_PLATE", 1)
    monkeypatch.setattr(scene, "offset_polygon", lambda outline, distance: everything)
    monkeypatch.setattr(scene, "add_grain", lambda image, rng: image)
    image, instances = make_scene(OPTIONS, np.random.default_rng(0))
    assert len(instances) > 2
    ground = image[0, 0]
    assert (image[:, 0] == ground).all()
    for word in place_words(OPTIONS, np.random.default_rng(0)):  # the first thing a scene does
        assert (image[covered([word], 127)] != ground).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("outline", [[[3, 2], [9, 2], [9, 2], [3, 2]], [[9, 5]] * 4])
def test_brightness_within_an_outline_without_height_is_that_of_the_pixels_it_runs_through(outline):
    image = np.full((6, 10, 3), 80, np.uint8)
    assert brightness(image, np.array(outline, float)) == (80, 0)
