"""MMDetection's Faster R-CNN on FastTCM-CR50 for boxes of words in COCO's format."""

_base_ = [
    "../_base_/fasttcm_cr50.py",
    "mmdet::_base_/models/faster-rcnn_r50_fpn.py",
    "mmdet::_base_/datasets/coco_detection.py",
    "mmdet::_base_/schedules/schedule_1x.py",
    "mmdet::_base_/default_runtime.py",
]

model = dict(
    type="tcm.FasterRCNN",
    backbone=dict(_delete_=True, **_base_.fasttcm_cr50, frozen_stages=1, norm_eval=True),
    neck=dict(in_channels=_base_.fasttcm_channels),
    roi_head=dict(bbox_head=dict(num_classes=1)),
    matching_loss=dict(
        map="text_map",
        mask="text_mask",
        upsample=32,
        loss="mined_dice",
        targets=dict(type="PSETargets", num_kernels=2),
    ),
)

data_root = "data/words/"
metainfo = dict(classes=("text",))
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file="train.json",
        data_prefix=dict(img="train/"),
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file="test.json",
        data_prefix=dict(img="test/"),
    )
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + "test.json")
test_evaluator = val_evaluator

optim_wrapper = dict(
    _delete_=True,
    type="OptimWrapper",
    constructor="tcm.ParameterGroups",
    optimizer=dict(type="AdamW", lr=1e-4, weight_decay=1e-4),
    paramwise_cfg=_base_.fasttcm_groups,
)
