from tests.models.foreign import compat_config, load_foreign


def published(name):
    """Return the published name of a parameter of ours, written down apart from the rules."""
    if name.startswith("clip."):
        return f"clip_model.{name.removeprefix('clip.')}"
    return name.replace("text_embed.weight", "text_embed.embedding.weight")


def test_a_checkpoint_loads_with_the_compat_base(tmp_path):
    name = "textrecog/clip4str/clip4str_vit-tiny_20000it_synthetic"
    config = compat_config(tmp_path, name, "clip4str")
    model = load_foreign(tmp_path, config, "clip4str", published)
    assert model.mean.flatten().tolist() == model.std.flatten().tolist() == [127.5] * 3
    assert type(model.clip.visual.transformer.resblocks[0].mlp.gelu).__name__ == "QuickGELU"
    assert model.step_budget == "visual"
