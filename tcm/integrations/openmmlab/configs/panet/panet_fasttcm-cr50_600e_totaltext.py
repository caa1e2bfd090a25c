"""PANet on FastTCM-CR50 for Total-Text, with MMOCR's neck, head, pipelines and metric."""

_base_ = "panet_fasttcm-cr50_600e_icdar2015.py"

model = dict(
    det_head=dict(
        postprocessor=dict(text_repr_type="poly"), module_loss=dict(shrink_ratio=(1, 0.7))
    )
)

train_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type="FixInvalidPolygon", min_poly_points=4),
    dict(type="ShortScaleAspectJitter", short_size=640, scale_divisor=32),
    *_base_.train_pipeline[3:5],
    dict(type="TextDetRandomCrop", target_size=(640, 640)),
    dict(type="Pad", size=(640, 640)),
    *_base_.train_pipeline[7:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(
        type="ShortScaleAspectJitter",
        short_size=640,
        scale_divisor=1,
        ratio_range=(1.0, 1.0),
        aspect_ratio_range=(1.0, 1.0),
    ),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=test_pipeline))
test_dataloader = val_dataloader
