"""PSENet on FastTCM-CR50 for Total-Text, as for CTW1500."""

_base_ = "psenet_fasttcm-cr50_600e_ctw1500.py"

train_dataloader = dict(dataset=dict(data_root="data/totaltext"))
val_dataloader = dict(dataset=dict(data_root="data/totaltext"))
test_dataloader = val_dataloader
