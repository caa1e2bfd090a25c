"""CLIP4STR: gradients, batches, ways of reading, options."""

import copy
import time

import numpy as np
import pytest
import torch

from tcm.config import load_config
from tcm.engine.optimizers import parameter_groups
from tcm.errors import ConfigError
from tcm.models.recognizers.parseq.decoder import PARSeqDecoder
from tcm.models.recognizers.parseq.generate import generate
from tcm.models.recognizers.parseq.permutation import permuted_batch
from tcm.models.recognizers.parseq.tokenizer import Tokenizer
from tcm.registry import MODELS
from tests.models.recognizers import oracles
from tests.models.recognizers.clip4str.tiny import SIZE, TINY, reference_model, set_reading
from tests.models.recognizers.parseq import naive

LABELS = ["word", "", "x", "T?p9"]


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build({**TINY, **changes})


def crops(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, *SIZE), dtype=torch.uint8, generator=generator)


def targets():
    return {"text_rows": oracles.rows(LABELS)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_losses_and_gradients_are_finite_and_reach_all_that_is_trained(dtype):
    model = build().train()
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        losses = model.loss(crops(4), targets())
    assert list(losses) == ["loss_visual", "loss_cross"]
    assert all(v.dtype == torch.float32 and v.ndim == 0 for v in losses.values())
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert torch.isfinite(parameter.grad).all(), name
        else:
            assert parameter.grad is None, name


def test_the_cross_modal_loss_alone_trains_its_decoder_and_the_text_encoder():
    model = build().eval()
    model.loss(crops(4), targets())["loss_cross"].backward()
    for name, parameter in model.named_parameters():
        if name.startswith(("cross_decoder.", "clip.ln_final.", "clip.text_projection")):
            reached = True
        elif name.startswith("clip.transformer.resblocks."):
            reached = int(name.split(".")[3]) >= TINY["text_freeze_nlayer"]
        else:
            reached = False
        assert (parameter.grad is not None and bool(parameter.grad.any())) == reached, name


def test_without_detachment_the_cross_modal_loss_trains_the_image_encoder():
    model = build(image_detach=False).eval()
    model.loss(crops(4), targets())["loss_cross"].backward()
    assert model.clip.visual.conv1.weight.grad.any()
    assert model.visual_decoder.head.weight.grad is None


def test_without_cross_modal_loss_the_visual_branch_is_trained_alone():
    model = build(cross_loss_w=0.0).eval()
    losses = model.loss(crops(4), targets())
    assert list(losses) == ["loss_visual"]
    losses["loss_visual"].backward()
    for name, parameter in model.named_parameters():
        visual = name.startswith(("visual_decoder.", "clip.visual."))
        assert parameter.requires_grad == visual
        assert (parameter.grad is not None) == visual, name


def test_all_permutations_in_one_pass_are_equal_to_one_by_one():
    model = build().eval()
    ids = model.tokenizer.encode(LABELS)
    perms = model.sample_permutations(4)
    batch = permuted_batch(ids, perms, model.tokenizer)
    together = model.permuted_logits(crops(4), batch)
    for i in range(len(perms)):
        one = permuted_batch(ids, perms[i : i + 1], model.tokenizer)
        for found, expected in zip(together, model.permuted_logits(crops(4), one), strict=True):
            found = found.unflatten(0, (-1, len(perms)))[:, i]
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_equal_captions_are_encoded_once():
    model = build().eval()
    seen = []
    model.clip.transformer.register_forward_hook(lambda m, a, out: seen.append(len(out)))
    captions = ["a", "b", "a", "", "b"]
    memory = model.caption_memory(captions)
    assert seen == [3]
    for caption, found in zip(captions, memory, strict=True):
        expected = model.caption_memory([caption])[0]
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def readable_reference():
    """Return the reference's miniature, whose texts have different lengths, and its crops."""
    model = reference_model()
    images = oracles.arrays("clip4str_inference")["images"]
    return model, oracles.restored(images, model)


@pytest.mark.parametrize("decode_ar", [True, False])
@pytest.mark.parametrize("refine_iters", [0, 1, 2])
def test_what_is_read_does_not_depend_on_the_batch(decode_ar, refine_iters):
    model, images = readable_reference()
    set_reading(model, decode_ar, refine_iters)
    with torch.no_grad():
        visual, together = model.branches(images)
        alone = [model(image[None]) for image in images]
    assert len({len(text) for text in model.tokenizer.texts(visual)}) > 1
    for one, several in zip(alone, together, strict=True):
        torch.testing.assert_close(one[0], several[: one.shape[1]], atol=1e-4, rtol=1e-4)
    answers = [model.decode(one)[0] for one in alone]
    assert [text for text, _ in answers] == [text for text, _ in model.decode(together)]


@torch.no_grad()
def test_with_the_released_budget_the_longest_text_decides_for_all():
    model, images = readable_reference()
    set_reading(model, refine_iters=0, step_budget="visual")
    alone = [model(image[None]).shape[1] for image in images]
    assert min(alone) < max(alone)
    assert model(images).shape[1] == max(alone)


@torch.no_grad()
def test_both_branches_read_as_without_a_cache():
    model, images = readable_reference()
    set_reading(model, refine_iters=0)
    visual, cross = model.branches(images)
    image = model.clip.image_memory(model.normalise(images))
    oracles.close(visual, naive.read(model.visual_decoder, image, visual.shape[1]))
    captions = [model.captioner.caption(text) for text in model.tokenizer.texts(visual)]
    both = torch.cat([image, model.caption_memory(captions)], 1)
    oracles.close(cross, naive.read(model.cross_decoder, both, cross.shape[1]))


def test_reading_in_one_pass_gives_both_branches_all_positions():
    model, images = readable_reference()
    set_reading(model, decode_ar=False, refine_iters=0)
    steps = model.tokenizer.steps()
    with torch.no_grad():
        visual, cross = model.branches(images)
        assert visual.shape[1] == cross.shape[1] == steps
        begin = torch.full((len(images), 1), model.tokenizer.bos_id)
        image = model.clip.image_memory(model.normalise(images))
        captions = [model.captioner.caption(text) for text in model.tokenizer.texts(visual)]
        both = torch.cat([image, model.caption_memory(captions)], 1)
        decoder = model.cross_decoder
        expected = decoder(begin, decoder.project(both), slice(0, steps))
    torch.testing.assert_close(cross, expected, atol=1e-4, rtol=1e-4)


def test_the_visual_output_needs_no_caption(monkeypatch):
    model = build(output="visual").eval()
    monkeypatch.delattr(model, "cross_decoder")
    monkeypatch.delattr(model, "captioner")
    assert model(crops(2)).shape[::2] == (2, 95)


def test_predictions_carry_text_confidence_and_the_crop_s_outline():
    model = build().eval()
    matrix = np.diag([2.0, 4.0, 1.0])
    (found,) = model.predict(crops(1), [matrix], [SIZE])
    text, confidence = model.decode(model(crops(1)))[0]
    assert found.texts == [text]
    assert found.scores == pytest.approx([confidence])
    assert found.polygons[0].tolist() == [[0, 0], [16, 0], [16, 4], [0, 4]]


def test_decoders_learn_at_their_own_rate_and_vectors_do_not_decay():
    model = build()
    # The parts of names that a recipe lists.
    parts = ("norm", "ln_", "bias", "class_embedding", "pos_queries", "text_embed")
    multipliers = {"visual_decoder": 19.0, "cross_decoder": 19.0}
    groups = parameter_groups(model, 1e-4, multipliers, parts)
    options = {id(p): group for group in groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            group = options[id(parameter)]
            decoder = name.startswith(("visual_decoder.", "cross_decoder."))
            assert group["lr"] == pytest.approx(1.9e-3 if decoder else 1e-4)
            without = parameter.ndim < 2 or "pos_queries" in name or "text_embed" in name
            assert (group.get("weight_decay") == 0.0) == without, name
        else:
            assert id(parameter) not in options


def test_a_copy_without_text_side_still_reads():
    model = build().eval()
    deployed = copy.deepcopy(model)
    deployed.deploy()
    assert torch.equal(deployed(crops(2)), model(crops(2)))


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("cross_los_w", 1, "'cross_loss_w'"),
        ("output", "both", "model.output: 'cross' or 'visual' is wanted, got 'both'"),
        ("step_budget", "visuals", "model.step_budget: .* did you mean 'visual'"),
        ("text_freeze_nlayers", 6, "'text_freeze_nlayer'"),
        ("text_freeze_nlayer", 4, "model.text_freeze_nlayer: -1 to 3 is wanted, got 4"),
        ("refine_iters", -1, "model.refine_iters: .* at least 0 is wanted, got -1"),
        ("context_length", 1, "model.context_length: .* at least 2 is wanted, got 1"),
        ("caption_charset", 35, "model.caption_charset: no charset '35'"),
    ],
)
def test_mistakes_are_named(argument, value, message):
    with pytest.raises(ConfigError, match=message):
        MODELS.build({**TINY, argument: value}, "model")


def test_the_released_behaviour_is_a_base_of_the_configs(pytestconfig):
    path = pytestconfig.rootpath / "configs/_base_/compat/clip4str.yaml"
    wide = {**TINY["clip"], "vision_cfg": {**TINY["clip"]["vision_cfg"], "width": 64}}
    model = build(clip=wide, **load_config(str(path))["model"])
    assert model.step_budget == "visual"
    assert model.normalise(torch.full((1, 3, 1, 1), 255.0)).flatten().tolist() == [1, 1, 1]
    assert type(model.clip.visual.transformer.resblocks[0].mlp.gelu).__name__ == "QuickGELU"


@pytest.mark.slow
def test_a_cache_makes_reading_three_times_as_fast():
    """B/16's decoder on 26 steps of 8 crops, on one thread."""
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    decoder = PARSeqDecoder(Tokenizer(), 512).eval()
    memory = torch.randn(8, 213, 512)
    ways = {
        "cached": lambda: generate(decoder, decoder.project(memory), 26),
        "naive": lambda: naive.read(decoder, memory, 26),
    }
    seconds, answers = {}, {}
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for name, read in ways.items():
                taken = []
                for _ in range(3):
                    start = time.process_time()
                    answers[name] = read()
                    taken.append(time.process_time() - start)
                seconds[name] = min(taken)
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(answers["cached"], answers["naive"], atol=1e-5, rtol=1e-5)
    assert seconds["naive"] >= 3 * seconds["cached"], seconds


@pytest.mark.slow
def test_a_few_crops_are_learned_by_heart():
    model = build(text_freeze_nlayer=-1).train()
    images, labels = crops(12), [f"w{i}Rd{i % 5}"[: 3 + i % 4] for i in range(12)]
    rows = {"text_rows": oracles.rows(labels)}
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(400):
        optimizer.zero_grad()
        sum(model.loss(images, rows).values()).backward()
        optimizer.step()
    model.eval()
    for decode_ar in (True, False):
        set_reading(model, decode_ar)
        with torch.no_grad():
            assert [text for text, _ in model.decode(model(images))] == labels
