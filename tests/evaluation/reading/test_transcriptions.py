import pytest

from tcm.evaluation.reading.transcriptions import agree, dictionary_word


@pytest.mark.parametrize(
    "truth, found, same",
    [
        ("Hotel", "hOTEL", True),
        ("Hotel!", "hotel", True),
        ("(Hotel)", "hotel", True),
        ("(Hotel)", "(hotel", True),
        ("(Hotel)", "hotel)", True),
        ("Hotel!!", "hotel!", True),
        ("Hotel!!", "hotel", False),  # one at each end only
        ("Hotel", "hotel!", False),  # of the ground truth alone
        ("-Hotel", "hotel", False),  # not among the special ones
        ("!", "", True),
        ("", "", False),
        ("", "x", False),
        ("ab", "", False),
    ],
)
def test_one_special_character_at_each_end_may_lack(truth, found, same):
    assert agree(truth, found) == same


@pytest.mark.parametrize(
    "truth, found, same",
    [("Hotel!!", "hotel", True), ("Hotel", "..hotel!", True), ("ho!tel", "hotel", False)],
)
def test_both_sides_may_be_stripped(truth, found, same):
    assert agree(truth, found, strip_both_sides=True) == same


@pytest.mark.parametrize(
    "text, word",
    [
        ("HELLO!", "HELLO"),
        ("it's", None),
        ("Tom's", "Tom"),
        ("TOM'S", "TOM"),
        ("U.S.A", None),
        ("CO2", None),
        ("A-B-C", "A-B-C"),
        ("--abc-", "abc"),
        ("Caf\u00e9", "Caf\u00e9"),
        ("\u03a9mega", "\u03a9mega"),
        ("ab\u00d7c", None),
        ("\u01c3abc", None),  # between the two Latin ranges
        ("New York", None),
        ("ab", None),
        ("", None),
    ],
)
def test_dictionary_words_are_cleaned_and_the_rest_does_not_count(text, word):
    assert dictionary_word(text) == word
