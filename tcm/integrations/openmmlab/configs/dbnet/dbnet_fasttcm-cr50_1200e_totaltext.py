"""DBNet on FastTCM-CR50 for Total-Text, with MMOCR's neck, head, pipelines and metric."""

_base_ = "dbnet_fasttcm-cr50_1200e_icdar2015.py"

model = dict(
    det_head=dict(postprocessor=dict(text_repr_type="poly", unclip_ratio=1.95, epsilon_ratio=0.004))
)

train_pipeline = [
    *_base_.train_pipeline[:2],
    dict(type="FixInvalidPolygon", min_poly_points=4),
    *_base_.train_pipeline[2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(2944, 800), keep_ratio=True),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=test_pipeline))
test_dataloader = val_dataloader
