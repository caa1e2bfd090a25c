"""The word crops of ICDAR2015 (RRC challenge 4, task 3): 4,468 to train on and 2,077 to test on.

A folder of images a split, and a UTF-8 file of lines ``word_N.png, "text"``, in which quotation
marks and backslashes are escaped.
"""

from pathlib import Path

from tcm.data.formats.raw import Progress, folder, silent
from tcm.data.formats.word_crops import WordSplits, first_file, proved
from tcm.data.storage.label_files import read_labels

# Of each split the folder and the label file, as passed on and as in the official archives.
LAYOUT = {
    "train": (
        ("train", "ch4_training_word_images_gt"),
        ("train_gt.txt", "ch4_training_word_images_gt/gt.txt"),
    ),
    "test": (
        ("test", "ch4_test_word_images_gt"),
        ("test_gt.txt", "Challenge4_Test_Task3_GT.txt"),
    ),
}


def read(raw: Path, progress: Progress = silent) -> WordSplits:
    """Read both splits and decode every image, to prove it whole.

    Args:
        raw: The folder of the images' folders and the label files.
        progress: Called with the split's name, the images done and their total.

    Raises:
        DataError: A folder, label file or image is missing, malformed or not whole.
    """
    raw = Path(raw)
    splits = {}
    for split, (folders, files) in LAYOUT.items():
        lines = read_labels(first_file(raw, *files), "quoted")
        splits[split] = proved(split, folder(raw, *folders), lines, progress)
    return splits
