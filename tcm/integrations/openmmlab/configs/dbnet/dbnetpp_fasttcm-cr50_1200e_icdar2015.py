"""DBNet++ on FastTCM-CR50 for ICDAR2015, with MMOCR's neck, head, pipelines and metric."""

_base_ = [
    "../_base_/fasttcm_cr50.py",
    "mmocr::textdet/dbnetpp/dbnetpp_resnet50_fpnc_1200e_icdar2015.py",
]

model = dict(
    type="tcm.DBNet",
    backbone=dict(_delete_=True, **_base_.fasttcm_cr50),
    neck=dict(in_channels=_base_.fasttcm_channels),
    matching_loss=dict(
        map="shrink_map",
        mask="shrink_mask",
        upsample=32,
        loss="bce",
        targets=dict(type="ShrinkTargets", shrink_ratio=0.4),
    ),
    data_preprocessor=dict(mean=[122.679, 116.669, 104.007]),  # of CLIP's trunk, as TCM has it
)

# The files that `tcm data prepare` writes, and the same that our configs read. MMOCR's DBNet++
# joins a list of datasets here, of one.
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="OCRDataset",
        data_root="data/icdar2015",
        ann_file="train.json",
        pipeline=_base_.train_pipeline,
    )
)
optim_wrapper = dict(
    _delete_=True,
    type="OptimWrapper",
    constructor="tcm.ParameterGroups",
    optimizer=dict(type="Adam", lr=1e-4, weight_decay=1e-4),
    paramwise_cfg=dict(**_base_.fasttcm_groups, norm_decay=["backbone.trunk"]),
)
param_scheduler = [dict(type="PolyLR", power=0.9, eta_min=1e-7, end=1200)]
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type="OCRDataset",
        data_root="data/icdar2015",
        ann_file="test.json",
        test_mode=True,
        pipeline=_base_.test_pipeline,
    )
)
test_dataloader = val_dataloader
