from tests.cases.pack import BENCHMARKS, OTHERS
from tests.conftest import committed_cases


def test_the_committed_cases_are_whole_and_small():
    folder = committed_cases()
    scoring = folder / "recognition_scoring" / "C_scoring"
    assert sorted(path.name for path in scoring.iterdir()) == sorted(BENCHMARKS)
    assert all((place / "expected.json").stat().st_size > 1000 for place in scoring.iterdir())
    assert all((folder / name).is_file() for name in OTHERS)
