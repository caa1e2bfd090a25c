"""Make saves and validations slow, so that a test can kill a process in one of them."""

import os
import time

import torch

from tcm.engine.module import TrainingModule

SECONDS = "TCM_TEST_SLOW_S"


def slow_down() -> None:
    """Do so in the process of a run of which the variable says how much."""
    seconds = float(os.environ.get(SECONDS, 0))
    if not seconds:
        return
    save, validate = torch.save, TrainingModule.validation_step

    def save_slowly(content, file):
        file.write(b"PK")  # half a file
        file.flush()
        time.sleep(seconds)
        file.seek(0)
        save(content, file)

    def validate_slowly(self, batch, batch_idx):
        time.sleep(seconds)
        validate(self, batch, batch_idx)

    torch.save, TrainingModule.validation_step = save_slowly, validate_slowly
