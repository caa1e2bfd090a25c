"""A work dir is a record: nothing that a run left is changed unasked."""

import json

import pytest

from tcm.engine.work_dir import RECORD, WorkDir, cut_metrics
from tcm.errors import CheckpointError, ConfigError, OutputError, TCMError
from tests.reliability.runs import train

OPTIONS = ["trainer.max_steps=2", "trainer.log_every_steps=1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("record") / "run"
    assert train(folder, options=OPTIONS) == 0
    return folder


def content(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def test_a_second_run_is_refused_before_anything_is_written(run):
    before = content(run)
    with pytest.raises(OutputError, match="holds a run already .*--resume .*--overwrite"):
        train(run, options=OPTIONS)
    assert content(run) == before


@pytest.mark.parametrize("name", RECORD)
def test_each_part_of_a_record_counts(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(OutputError, match=f"holds a run already .{name}"):
        WorkDir(tmp_path, None)


@pytest.mark.parametrize(
    "options",
    [
        ["data.train.dataset.type=TextDataset", "data.train.dataset._delete_=true"],
        ["optimizer.type=Adamm"],
        ["trainer.precision=half"],
        ["load_from.checkpoint=nowhere.ckpt"],
        ["model.head.type=DBHad"],
        ["trainer.checkpoint_every=soon"],
        ["schedule.type=Polly"],
    ],
)
def test_a_start_that_fails_leaves_nothing(tmp_path, options):
    with pytest.raises(TCMError):
        train(tmp_path / "a/run", options=options)
    assert not (tmp_path / "a/run").exists()


def test_what_a_user_keeps_there_stays(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/notes.txt").write_text("mine")
    WorkDir(tmp_path / "run", None, overwrite=True).begin({}, {})
    assert sorted(content(tmp_path / "run")) == ["config.yaml", "environment.json", "notes.txt"]


def test_a_file_where_the_folder_belongs(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(OutputError, match="run: a file, where the folder of the run belongs"):
        WorkDir(tmp_path / "run", None)


def test_resuming_without_a_checkpoint_starts_afresh_and_says_so(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n')
    folder = WorkDir(tmp_path, "auto")
    assert folder.checkpoint is None and folder.step == 0
    assert folder.said == [f"{tmp_path}: there is no checkpoint yet; the run starts afresh"]
    folder.begin({}, {})
    assert (tmp_path / "metrics.jsonl").read_text() == ""


def test_a_run_is_not_both_resumed_and_deleted(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        train(tmp_path / "run", "--resume", "--overwrite")
    assert "--resume goes on with a run, --overwrite deletes it" in capsys.readouterr().err


def test_a_run_that_a_scheduler_restarts_goes_on_with_its_own(tmp_path, run):
    """Even if its command resumes another's checkpoint, or overwrites: that was the first start."""
    other = str(run / "last.ckpt")
    folder = WorkDir(tmp_path, other, restarted=True)
    assert folder.checkpoint == run / "last.ckpt"
    (tmp_path / "config.yaml").write_text("")  # it began
    for name in ("last.ckpt", "best.ckpt"):
        (tmp_path / name).write_bytes((run / "last.ckpt").read_bytes())
    folder = WorkDir(tmp_path, other, overwrite=True, restarted=True)
    assert folder.checkpoint == tmp_path / "last.ckpt"
    folder.begin({}, {})
    assert (tmp_path / "best.ckpt").exists()


def test_the_config_that_led_to_a_step_is_kept(tmp_path, run):
    (tmp_path / "last.ckpt").write_bytes((run / "last.ckpt").read_bytes())
    for value in (1, 2, 3):
        WorkDir(tmp_path, "auto").begin({"a": value}, {})
    assert (tmp_path / "config_until_step_2.yaml").read_text() == "a: 1\n"


def test_a_damaged_checkpoint_is_named_and_the_one_before_offered(tmp_path, run):
    for name in ("last.ckpt", "previous.ckpt"):
        (tmp_path / name).write_bytes((run / "last.ckpt").read_bytes())
    (tmp_path / "last.ckpt").write_bytes((run / "last.ckpt").read_bytes()[:5000])
    offer = r"last.ckpt: .*the one before it, of step 2, is whole: --resume .*previous.ckpt"
    with pytest.raises(CheckpointError, match=offer):
        WorkDir(tmp_path, "auto")
    assert WorkDir(tmp_path, str(tmp_path / "previous.ckpt")).step == 2


def test_another_optimiser_is_named(run):
    folder = WorkDir(run, "auto")
    with pytest.raises(ConfigError, match=r"optimizer.type: .* state of AdamW, with which SGD"):
        folder.check({"optimizer": {"type": "SGD"}})


def test_other_groups_of_parameters_are_named(run):
    with pytest.raises(CheckpointError, match="groups of .* param_groups or what is frozen"):
        train(run, "--resume", options=["param_groups=null", "trainer.max_steps=3"])


def test_the_metrics_of_a_resumed_run_are_cut(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2, "a": 1}\n{"step": 2, "b": 1}\n{"step": 3}\n{"ste')
    cut_metrics(path, 2)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 2]
