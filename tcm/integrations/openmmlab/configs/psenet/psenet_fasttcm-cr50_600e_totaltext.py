"""PSENet on FastTCM-CR50 for Total-Text, with MMOCR's neck, head, pipelines and metric."""

_base_ = "psenet_fasttcm-cr50_600e_icdar2015.py"

model = dict(
    det_head=dict(
        postprocessor=dict(text_repr_type="poly"),
        module_loss=dict(shrink_ratio=(1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)),
    )
)

test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(1280, 1280), keep_ratio=True),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/totaltext"))
val_dataloader = dict(dataset=dict(data_root="data/totaltext", pipeline=test_pipeline))
test_dataloader = val_dataloader
