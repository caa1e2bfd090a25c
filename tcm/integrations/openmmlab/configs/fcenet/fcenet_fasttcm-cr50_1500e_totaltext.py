"""FCENet on FastTCM-CR50 for Total-Text, with MMOCR's neck, head, pipelines and metric."""

_base_ = "fcenet_fasttcm-cr50_1500e_icdar2015.py"

model = dict(
    det_head=dict(
        postprocessor=dict(text_repr_type="poly", alpha=1.0, beta=2.0),
        module_loss=dict(level_proportion_range=((0, 0.25), (0.2, 0.65), (0.55, 1.0))),
    )
)

train_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type="FixInvalidPolygon", min_poly_points=4),
    *_base_.train_pipeline[2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(1280, 960), keep_ratio=True),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=test_pipeline))
test_dataloader = val_dataloader
