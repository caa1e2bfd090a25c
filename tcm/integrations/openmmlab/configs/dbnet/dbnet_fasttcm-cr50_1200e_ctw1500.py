"""DBNet on FastTCM-CR50 for CTW1500, with MMOCR's neck, head, pipelines and metric."""

_base_ = "dbnet_fasttcm-cr50_1200e_icdar2015.py"

model = dict(
    det_head=dict(
        postprocessor=dict(
            text_repr_type="poly",
            mask_thr=0.08,
            min_text_width=3,
            unclip_ratio=2.0,
            epsilon_ratio=1e-4,
        )
    )
)

test_pipeline = [
    _base_.test_pipeline[0],
    dict(type="Resize", scale=(4068, 1024), keep_ratio=True),
    *_base_.test_pipeline[2:],
]

train_dataloader = dict(dataset=dict(data_root="data/ctw1500"))
val_dataloader = dict(dataset=dict(data_root="data/ctw1500", pipeline=test_pipeline))
test_dataloader = val_dataloader
