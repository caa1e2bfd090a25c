"""The table of CPU seconds: a row for every protocol, of the figures that the protocol gives."""

from benchmarks.protocols import main
from benchmarks.scoreboard import saved
from tcm.evaluation.protocols import PROTOCOLS

LINE = {"box": [[0, 0], [80, 0], [80, 10], [0, 10]], "txt": "EXIT ONE", "score": 0.9}


def test_every_protocol_of_scenes_has_a_row(tmp_path, capsys):
    truths = tmp_path / "icdar2015/Challenge4_Test_Task1_GT"
    truths.mkdir(parents=True)
    lines = "0,0,40,0,40,10,0,10,EXIT\n90,0,99,0,99,10,90,10,###\n"
    (truths / "gt_img_1.txt").write_text(lines)
    output = tmp_path / "fake.zip"
    saved.save(output, {}, [{"image": "img_1.jpg", "result": [LINE], "cpu_ms": 1}])
    main(["--data", str(tmp_path), "--output", str(output), "--repeats", "1"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[4:]]
    assert {name for name, _, _ in rows} == set(PROTOCOLS) - {"ocrbench-v2-answers", "words"}
    figures = {name: figure for name, _, figure in rows}
    # EXIT is found and read, ONE is beside it; for the API of COCO-Text ### is a text as well.
    assert figures["icdar2015"] == figures["icdar2015-e2e"] == figures["ltb"] == "0.6667"
    assert figures["coco-text"] == "0.5000"
