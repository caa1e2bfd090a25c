import pytest

from tcm.cli import convert_config
from tcm.cli.configs import read_config
from tcm.errors import ConfigError, DataError, OutputError
from tests.integrations.mmocr_configs.files import BASE, METHODS


@pytest.mark.parametrize("method", METHODS)
def test_the_file_is_a_config_that_commands_take(method, tmp_path, capsys):
    (tmp_path / "base.py").write_text(BASE)
    (tmp_path / f"{method}.py").write_text(METHODS[method])
    out = tmp_path / "ours.yaml"
    assert convert_config.main([str(tmp_path / f"{method}.py"), "--out", str(out)]) == 0
    config = read_config(str(out))
    assert config["data"]["train"]["batch_size"] == 16
    assert "0 things without counterpart" in capsys.readouterr().out


def test_strict_writes_nothing_where_something_lacks(tmp_path):
    (tmp_path / "base.py").write_text(BASE)
    source = tmp_path / "dbnet.py"
    source.write_text(METHODS["dbnet"] + "model.det_head.speed = 3\n")
    out = tmp_path / "ours.yaml"
    with pytest.raises(ConfigError, match="without counterpart") as caught:
        convert_config.main([str(source), "--out", str(out), "--strict"])
    assert "speed=3" in str(caught.value.args) and not out.exists()
    assert convert_config.main([str(source), "--out", str(out)]) == 0
    assert "# model.det_head: speed=3: no counterpart" in out.read_text()


def test_a_value_that_our_config_does_not_take_is_told_with_its_place(tmp_path):
    (tmp_path / "base.py").write_text(BASE)
    source = tmp_path / "dbnet.py"
    source.write_text(METHODS["dbnet"] + "model.det_head.postprocessor.mask_thr = 'x'\n")
    with pytest.raises(ConfigError) as caught:
        convert_config.main([str(source)])
    assert "model.head.decode.mask_thr" in "\n".join(caught.value.args)


def test_no_file_of_a_user_is_replaced(tmp_path):
    (tmp_path / "base.py").write_text(BASE)
    source, out = tmp_path / "dbnet.py", tmp_path / "ours.yaml"
    source.write_text(METHODS["dbnet"])
    out.write_text("mine")
    with pytest.raises(OutputError, match=r"ours\.yaml"):
        convert_config.main([str(source), "--out", str(out)])
    with pytest.raises((DataError, OutputError)):
        convert_config.main([str(source), "--out", str(source)])
    assert out.read_text() == "mine" and source.read_text() == METHODS["dbnet"]
