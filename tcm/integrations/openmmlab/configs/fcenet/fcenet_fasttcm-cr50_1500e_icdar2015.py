"""FCENet on FastTCM-CR50 for ICDAR2015, with MMOCR's neck, head, pipelines and metric."""

_base_ = [
    "../_base_/fasttcm_cr50.py",
    "mmocr::textdet/fcenet/fcenet_resnet50_fpn_1500e_icdar2015.py",
]

model = dict(
    type="tcm.FCENet",
    backbone=dict(_delete_=True, **_base_.fasttcm_cr50, out_indices=(1, 2, 3)),
    neck=dict(in_channels=_base_.fasttcm_channels[1:]),
    matching_loss=dict(
        map="matching_map",
        mask="matching_mask",
        upsample=1,
        loss="bce",
        targets=dict(type="FCETargets", strides=[], level_ranges=[]),
    ),
)

# The files that `tcm data prepare` writes, and the same that our configs read.
train_dataloader = dict(dataset=dict(ann_file="train.json"))
optim_wrapper = dict(constructor="tcm.ParameterGroups", paramwise_cfg=_base_.fasttcm_groups)
val_dataloader = dict(dataset=dict(ann_file="test.json"))
test_dataloader = val_dataloader
