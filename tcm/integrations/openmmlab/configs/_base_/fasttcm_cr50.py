"""FastTCM-CR50: the backbone, the widths of its levels, and how it is trained."""

custom_imports = dict(imports=["tcm.integrations.openmmlab"], allow_failed_imports=False)

fasttcm_cr50 = dict(
    type="tcm.FastTCM",
    prompts=["Text"],
    num_contexts=4,
    # open_clip downloads them once; or the path of OpenAI's RN50.pt.
    init_cfg=dict(type="tcm.CLIPPretrained", checkpoint="openai"),
)
fasttcm_channels = [256, 512, 1024, 2049]  # the last with the score map of one prompt

# CLIP's image encoder at a tenth of the rate; the text encoder is frozen.
fasttcm_groups = dict(lr_multipliers={"backbone.trunk": 0.1})
