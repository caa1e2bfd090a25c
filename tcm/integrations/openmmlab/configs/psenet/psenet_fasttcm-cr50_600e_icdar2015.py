"""PSENet on FastTCM-CR50 for ICDAR2015, with MMOCR's neck, head, pipelines and metric."""

_base_ = [
    "../_base_/fasttcm_cr50.py",
    "mmocr::textdet/psenet/psenet_resnet50_fpnf_600e_icdar2015.py",
]

model = dict(
    type="tcm.PSENet",
    backbone=dict(_delete_=True, **_base_.fasttcm_cr50, norm_eval=True),
    neck=dict(in_channels=_base_.fasttcm_channels),
    matching_loss=dict(
        map="text_map",
        mask="text_mask",
        upsample=32,
        loss="mined_dice",
        targets=dict(type="PSETargets", num_kernels=2),
    ),
)

# The files that `tcm data prepare` writes, and the same that our configs read.
train_dataloader = dict(dataset=dict(ann_file="train.json"))
optim_wrapper = dict(constructor="tcm.ParameterGroups", paramwise_cfg=_base_.fasttcm_groups)
val_dataloader = dict(dataset=dict(ann_file="test.json"))
test_dataloader = val_dataloader
