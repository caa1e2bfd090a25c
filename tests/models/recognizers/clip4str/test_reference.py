"""CLIP4STR against the reference's numbers: memories, reading, losses, gradients."""

import pytest
import torch
import torch.nn.functional as F

from tcm.models.recognizers.parseq.permutation import permuted_batch
from tcm.registry import CONVERTERS
from tests.models.recognizers import oracles
from tests.models.recognizers.clip4str.tiny import reference_model, set_reading, token_table

OPTIONS = ("cross_loss_w", "cross_cloze_mask", "cross_gt_context", "image_detach")


@pytest.fixture(scope="module")
def archive():
    return oracles.arrays("clip4str_inference")


@pytest.fixture(scope="module")
def facts():
    return oracles.facts("clip4str")


@pytest.fixture(scope="module")
def model():
    return reference_model()


@pytest.fixture
def images(archive, model):
    return oracles.restored(archive["images"], model)


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_the_token_table_is_the_oracle_s(facts):
    table = token_table(facts["config"]["vocab"], facts["config"]["tw"])
    check = facts["token_embedding_check"]
    for row, values in zip(check["rows"], check["values"], strict=True):
        assert table[row, : len(values)].tolist() == pytest.approx(values, abs=1e-7)


def test_image_memory(archive, model):
    with torch.no_grad():
        close(model.clip.image_memory(archive["images"]), archive["image_memory"])


def captions_of(model, answers):
    return [[model.captioner.caption(t) for t in model.tokenizer.texts(a)] for a in answers]


def test_every_way_of_reading(archive, facts, model, images):
    for case in facts["inference"]:
        name = case["name"]
        single = name.removeprefix("single")
        chosen = images if single == name else images[int(single) : int(single) + 1]
        # The released budget of steps: the longest text of the visual branch.
        set_reading(model, True, case["refine_iters"], step_budget="visual")
        with torch.no_grad():
            visual, cross = model.answers(chosen, case["max_length"])
        close(cross[-1], archive[case["output_array"]])
        assert visual[0].shape[1] == cross[0].shape[1] == case["steps_run"]
        captions = captions_of(model, visual)
        assert captions == case["captions"]
        ids = [model.captioner.encode(row).tolist() for row in captions]
        assert ids == case["caption_ids"]
        assert [model.tokenizer.texts(answer) for answer in visual] == case["visual_strings"]
        answers = model.decode(cross[-1])
        assert [text for text, _ in answers] == case["strings"]
        confidences = [confidence for _, confidence in answers]
        assert confidences == pytest.approx(case["confidence"], rel=1e-4)


def test_the_stages_of_two_refinements(archive, model, images):
    set_reading(model, True, 2, step_budget="visual")
    with torch.no_grad():
        visual, cross = model.answers(images)
        for k, captions in enumerate(captions_of(model, visual)):
            close(model.caption_memory(captions), archive[f"refine2/cross_memory_text{k}"])
    names = ("ar", "refined1", "refined2")
    for name, visual_answer, cross_answer in zip(names, visual, cross, strict=True):
        compare = oracles.close if name == "ar" else close
        compare(visual_answer, archive[f"refine2/visual_{name}"])
        close(cross_answer, archive[f"refine2/cross_{name}"])


def test_visual_output_alone(archive, model, images):
    for refine_iters, name in enumerate(("ar", "refined1", "refined2")):
        set_reading(model, True, refine_iters, output="visual")
        compare = oracles.close if name == "ar" else close
        with torch.no_grad():
            compare(model(images), archive[f"refine2/visual_{name}"])


def test_validation_loss(archive, facts, model, images):
    case = facts["validation"]
    set_reading(model)
    targets = model.tokenizer.encode(case["labels"])[:, 1:]
    with torch.no_grad():
        logits = model(images, targets.shape[1] - 1)
    close(logits, archive["validation/logits"])
    assert cross_entropy(logits, targets, model) == pytest.approx(case["loss"], rel=1e-5)
    assert (targets != model.tokenizer.pad_id).sum() == case["numel"]


def cross_entropy(logits, targets, model):
    flat = logits.flatten(0, 1), targets.flatten()
    return F.cross_entropy(*flat, ignore_index=model.tokenizer.pad_id).item()


def test_every_training_option(facts, images):
    model, archive = reference_model(), oracles.arrays("clip4str_training")
    defaults = {name: getattr(model, name) for name in OPTIONS}
    for case in facts["training"]:
        assert set(case["options"]) <= set(OPTIONS)
        for name, value in (defaults | case["options"]).items():
            setattr(model, name, value)
        model.zero_grad(set_to_none=True)
        check_training(model, case, images, archive if case["name"] == "main" else {})


def check_training(model, case, images, archive):
    orders = torch.tensor(case["orders"])
    batch = permuted_batch(model.tokenizer.encode(case["labels"]), orders, model.tokenizer)
    losses = model.permuted_losses(images, batch)
    total = sum(losses.values())
    assert total.item() == pytest.approx(case["loss"], rel=1e-5), case["name"]
    visual, cross = model.permuted_logits(images, batch)
    targets = batch.targets.unflatten(0, (-1, len(orders)))
    for i in range(len(orders)):
        one_visual, one_cross = (a.unflatten(0, (-1, len(orders)))[:, i] for a in (visual, cross))
        counted = targets[:, i]
        assert (counted != model.tokenizer.pad_id).sum() == case["targets_counted"][i]
        found = [cross_entropy(one, counted, model) for one in (one_visual, one_cross)]
        expected = [case["visual_ce"][i], case["cross_ce"][i]]
        assert found == pytest.approx(expected, rel=1e-5), case["name"]
        captions = captions_of(model, [one_visual])[0]
        assert captions == case["captions"][i]
        assert model.captioner.encode(captions).tolist() == case["caption_ids"][i]
        for name, logits in (("visual", one_visual), ("cross", one_cross)):
            if f"main/{name}_logits{i}" in archive:
                close(logits, archive[f"main/{name}_logits{i}"])
        if f"main/text_memory{i}" in archive:
            close(model.caption_memory(captions), archive[f"main/text_memory{i}"])
    if "grad_norms" in case:
        total.backward()
        rename = CONVERTERS.get("clip4str")
        names = {name: rename(name) for name in case["grad_norms"]}
        oracles.assert_gradients(model, names, case["grad_norms"], archive, "main/grad/")


def test_what_is_trained(facts, model):
    rename, parameters = CONVERTERS.get("clip4str"), dict(model.named_parameters())
    assert len(parameters) == len(facts["trainable"])
    for name, trainable in facts["trainable"].items():
        assert parameters[rename(name)].requires_grad == trainable, name
