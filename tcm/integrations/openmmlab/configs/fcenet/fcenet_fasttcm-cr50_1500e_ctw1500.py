"""FCENet on FastTCM-CR50 for CTW1500, with MMOCR's neck, head, pipelines and metric."""

_base_ = "fcenet_fasttcm-cr50_1500e_icdar2015.py"

model = dict(
    det_head=dict(
        postprocessor=dict(text_repr_type="poly", alpha=1.0, beta=2.0),
        module_loss=dict(level_proportion_range=((0, 0.25), (0.2, 0.65), (0.55, 1.0))),
    )
)

test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(1080, 736), keep_ratio=True),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/ctw1500"))
val_dataloader = dict(dataset=dict(data_root="data/ctw1500", pipeline=test_pipeline))
test_dataloader = val_dataloader
