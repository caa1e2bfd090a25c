"""The hint at the nearest name, and the family of errors that the command line catches."""

import pytest

from tcm.errors import CheckpointError, ConfigError, DataError, TCMError, nearest


@pytest.mark.parametrize("error", [ConfigError, DataError, CheckpointError])
def test_every_error_of_a_user_is_a_tcm_error(error):
    assert issubclass(error, TCMError)
    assert not issubclass(error, OSError | ValueError)


def test_the_nearest_name_is_found():
    assert nearest("FPCN", ["FPNC", "DBHead"]) == "; did you mean 'FPNC'?"


def test_the_nearest_name_is_found_in_any_case_and_given_in_its_own():
    assert nearest("fpnc", ["FPNC", "DBHead"]) == "; did you mean 'FPNC'?"


def test_without_a_near_name_all_are_listed_in_order():
    assert nearest("zzzz", ["b", "a"]) == "; known: a, b"


def test_a_long_list_is_cut():
    hint = nearest("zzzz", [f"name{i:03}" for i in range(200)])
    assert hint.endswith(", name019, ...")
    assert "name020" not in hint


def test_without_candidates_there_is_no_hint():
    assert nearest("a", []) == ""
