"""What cannot be done is told by one line, with status 2, before anything is done."""

import sys

import pytest

from tcm.cli import benchmark, browse_dataset, infer, test
from tcm.cli.main import run
from tests.cli.tiny import write_checkpoint, write_config

RECOGNIZER = "configs/textrecog/parseq/parseq_vit-s_20e_real.yaml"
TOOLS = {"test": test, "infer": infer, "benchmark": benchmark, "browse_dataset": browse_dataset}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Return the names that commands below hold, with what stands for them."""
    folder = tmp_path_factory.mktemp("tiny")
    config = write_config(folder)
    checkpoint = write_checkpoint(config, folder / "tiny.ckpt")
    return {"CONFIG": config, "CKPT": checkpoint, "FOLDER": str(folder), "WORDS": RECOGNIZER}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("test CONFIG CKPT --device gpu", "--device gpu: there is no such device; known: cpu"),
        ("test CONFIG CKPT --device cuda:99", "--device cuda:99: there is no such device; known"),
        ("test CONFIG CKPT --device mps", "--device mps: there is no such device; known: cpu"),
        ("test CONFIG CKPT --device cpu --cuda-graphs", "CUDA graphs: the model is not on a GPU"),
        ("test CONFIG CKPT --precision int8", "argument --precision: invalid choice: 'int8'"),
        ("test CONFIG FOLDER/no.ckpt", "no.ckpt does not exist; did you mean 'tiny.ckpt'?"),
        ("test CONFIG FOLDER", "no exported model: it has no model.json"),
        ("infer CONFIG CKPT CONFIG --min-score nan", "--min-score: a number is wanted, got 'nan'"),
        ("browse_dataset CONFIG --num 0", "argument --num: a number from 1 on is wanted, got '0'"),
        ("benchmark model CONFIG --variants fast", "--variants fast: unknown 'fast'; known: amp"),
        ("benchmark model CONFIG --variants eager --amp", "leave out --amp, --compile, --fold"),
        ("benchmark model CONFIG --rounds 0", "--rounds: a number from 1 on is wanted, got '0'"),
        ("benchmark model CONFIG --batch 0", "--batch: a number from 1 on is wanted, got '0'"),
        ("benchmark model CONFIG --size 100 100", "--size 100 100: multiples of 32 are wanted"),
        ("benchmark peers", "--mmocr or --doctr: the Python of an environment is wanted"),
        ("benchmark memory WORDS", "memory counts detectors and spotters"),
        ("benchmark memory CONFIG --size 100", "--size 100: a multiple of 32 is wanted"),
        ("benchmark memory CONFIG --batch 0", "--batch: a number from 1 on is wanted, got '0'"),
        ("benchmark data CONFIG --images 0", "--images: a number from 1 on is wanted, got '0'"),
        ("benchmark decode CONFIG --texts -1", "--texts: a number from 1 on is wanted, got '-1'"),
        ("benchmark annotations --images -5", "--images: a number from 0 on is wanted, got '-5'"),
        ("benchmark annotations --images 0", "--images or --words: one of them is wanted"),
        ("benchmark annotations --images 9 --folder /no", "--folder /no: no such folder"),
        ("benchmark annotations --images 9 --instances inf", "a number is wanted, got 'inf'"),
    ],
)
def test_what_cannot_be_done_is_one_line(command, line, tiny, monkeypatch, capsys):
    for name, value in tiny.items():
        command = command.replace(name, value)
    tool, *arguments = command.split()
    monkeypatch.setattr(sys, "argv", [tool, *arguments])
    with pytest.raises(SystemExit) as exit_:
        run(TOOLS[tool].main)
    said = capsys.readouterr()
    assert exit_.value.code == 2
    assert line in said.err.splitlines()[-1]
    assert "Traceback" not in said.err and not said.out


def test_a_peer_that_is_not_there_is_named(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmark", "peers", "--mmocr", "/nowhere"])
    with pytest.raises(SystemExit):
        run(benchmark.main)
    assert capsys.readouterr().err == "error: --mmocr /nowhere: No such file or directory\n"


def test_memory_that_lacks_is_one_line(monkeypatch, capsys):
    def main(arguments):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr(sys, "argv", ["tool"])
    with pytest.raises(SystemExit) as exit_:
        run(main)
    assert exit_.value.code == 2
    assert capsys.readouterr().err == "error: not enough memory: Unable to allocate 7 TiB\n"
