"""What the command `tcm` can do, and what it says about it."""

from collections.abc import Sequence

from tcm.errors import ConfigError, nearest

# In the order of the help: the command, of one word or two, to its module in `tcm.cli`, whose
# options are in the module of the same name in `tcm.cli.parsers`, and a line about it. What follows
# a module's name are its first arguments.
COMMANDS = {
    "read": ("read", "find and read the text in photos, PDF pages and video frames"),
    "demo": ("demo", "serve a page on this machine that reads photos"),
    "infer": ("infer", "mark the text in images with one model"),
    "train": ("train", "train a model as a config describes it"),
    "test": ("test", "score a checkpoint on the test images of a config"),
    "evaluate": ("evaluate", "score files of results by the rules of a benchmark"),
    "fewshot": ("fewshot", "train and test on fractions of the data"),
    "export": ("export", "write a model as ONNX graphs, to be run without PyTorch"),
    "pack": ("pack", "write a model as a folder to give away: weights, card, graphs"),
    "benchmark": ("benchmark", "measure what models and data cost on this machine"),
    "info": ("info", "show versions, devices and configs, or what a checkpoint holds"),
    "convert-config": ("convert_config", "write a config of MMOCR as one of ours"),
    "data prepare": ("prepare_data", "read a raw dataset in its official layout"),
    "data check": ("check_data", "look for mistakes in an annotation file"),
    "data browse": ("browse_dataset", "draw what a model is trained on"),
    "data crops": ("prepare_words crops", "cut the words of an annotation file"),
    "data lmdb": ("prepare_words lmdb", "write an LMDB of words from a label file"),
    "data lmdb-info": ("prepare_words lmdb-info", "look into LMDBs of words"),
    "data import": ("import_labels", "read what a labelling tool has saved"),
    "data export": ("export_labels", "write predictions for a labelling tool to correct"),
    "data split": ("split_images", "cut large images and their labels into patches"),
    "data merge": ("merge_patches", "merge detections in patches into those on whole images"),
    "data leaks": ("find_leaks", "find training images that are test images of another set"),
    "data rotate": ("rotate_images", "turn the images of an annotation file and their texts"),
    "data beziers": ("fit_beziers", "fit Bezier curves to the texts of an annotation file"),
}
GROUPS = {"data": "prepare, check, browse and convert datasets"}


def choose(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command that a command line begins with, and its arguments.

    Raises:
        ConfigError: There is no such command.
    """
    count = 2 if arguments[0] in GROUPS else 1
    name = " ".join(arguments[:count])
    if name not in COMMANDS:
        group = f"{arguments[0]} " if count == 2 else ""
        known = [command.removeprefix(group) for command in COMMANDS if command.startswith(group)]
        hint = nearest(arguments[count - 1], [*known, *({} if group else GROUPS)])
        raise ConfigError(
            f"tcm {group}".rstrip() + f": unknown command '{arguments[count - 1]}'{hint}"
        )
    return name, list(arguments[count:])


def summary(group: str = "") -> str:
    """Return the help of `tcm`, or that of one of its groups."""
    start = f"{group} " if group else ""
    lines = {
        name.removeprefix(start): line
        for name, (_, line) in COMMANDS.items()
        if name.startswith(start) and " " not in name.removeprefix(start)
    }
    lines |= {} if group else GROUPS
    about = GROUPS[group] if group else "find and read the text in scenes, and train what does"
    width = max(map(len, lines)) + 2
    return "\n".join(
        [
            f"usage: tcm {start}COMMAND ...",
            "",
            f"{about[0].upper()}{about[1:]}.",
            "",
            "commands:",
            *(f"  {name:{width}}{line}" for name, line in lines.items()),
            "",
            f"Each has its own help: tcm {start}COMMAND --help",
        ]
    )
