"""Two systems in turn."""

import json

from benchmarks.scoreboard.race import main, race, report


class Counting:
    def __init__(self, name, asked, cost):
        self.name, self.asked, self.cost = name, asked, cost

    def read(self, path):
        self.asked.append((self.name, path))
        return {"cpu_ms": self.cost}


def test_who_goes_first_changes_from_image_to_image():
    asked = []
    times = race([Counting("a", asked, 3.0), Counting("b", asked, 2.0)], [1, 2, 3])
    assert times == [[3.0, 2.0]] * 3
    assert asked == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]


def test_the_ratios_by_hand():
    lines = report(["one", "two"], [[10.0, 20.0], [30.0, 20.0], [20.0, 10.0]]).splitlines()
    assert lines[0] == "one: median 20.0, mean 20.0 ms of CPU time"
    assert lines[1] == "two: median 20.0, mean 16.7 ms of CPU time"
    assert lines[2] == "one / two on 3 images: 1.200 in all, median 1.500"


def test_a_race_of_two_processes_leaves_the_first_images_out(fake, data, tmp_path, capsys):
    args = ["--warmup", "1", "--second-option", "start=x", "--json", str(tmp_path / "t.json")]
    assert main(["fake", "fake", "--data", str(data), *args]) == 0
    times = json.loads((tmp_path / "t.json").read_text())["cpu_ms"]
    assert len(times) == 2 and all(len(pair) == 2 for pair in times)
    assert "fake / fake on 2 images" in capsys.readouterr().out
