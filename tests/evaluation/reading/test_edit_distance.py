import numpy as np
import pytest

from tcm.evaluation.reading.edit_distance import (
    CharacterProbabilities,
    edit_distances,
    nearest_word,
    weighted_distance,
)


def levenshtein(a, b):
    """The textbook table, row by row."""
    above = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (left != right)))
        above = row
    return above[-1]


@pytest.mark.parametrize("length", [0, 1, 7, 20, 64, 65])
def test_distances_are_those_of_the_textbook(length):
    rng = np.random.default_rng(length)
    counts = [0, 1, 2, 5, 30, *rng.integers(0, 20, 25)]
    words = ["".join(rng.choice(list("abcé中"), count)) for count in counts]
    text = "".join(rng.choice(list("abcdé"), length))
    wanted = [levenshtein(text, word) for word in words]
    assert edit_distances(text, words).tolist() == wanted
    assert nearest_word(text, words) == (wanted.index(min(wanted)), min(wanted))


def test_there_may_be_no_words():
    assert edit_distances("ab", []).tolist() == []


def test_of_several_nearest_words_the_first_counts():
    assert nearest_word("CAT", ["DOGS", "CUT", "CAR", "CUT"]) == (1, 1)


def test_a_certain_text_costs_what_the_plain_distance_does():
    symbols = "ABC"
    sure = CharacterProbabilities(np.eye(3), symbols)
    assert weighted_distance("ABC", "ABC", sure) == 0
    assert weighted_distance("ABC", "AAC", sure) == 1
    assert weighted_distance("ABC", "AC", sure) == 1
    assert weighted_distance("ABC", "ABCC", sure) == 1


def test_a_likely_replacement_is_cheap_and_an_unsure_character_goes_cheaply():
    # B at 0.5 against A's 0.4 and 0.05: 1 - 5 * 0.05 / 0.5 = 0.5.
    values = np.array([[0.4, 0.5, 0.05], [0.0, 0.1, 0.9]])
    unsure = CharacterProbabilities(values, "ABC")
    assert weighted_distance("BC", "AC", unsure) == 0
    assert weighted_distance("BC", "CC", unsure) == pytest.approx(0.5)
    assert weighted_distance("BC", "B", unsure) == pytest.approx(0.9)  # C deleted at its own
    assert weighted_distance("BC", "C", unsure) == 1  # the first character always costs 1
    assert weighted_distance("BC", "BAC", unsure) == pytest.approx(0.7)  # mean of 0.5 and 0.9


def test_both_cases_of_a_letter_count_and_unknown_symbols_have_probability_0():
    read = CharacterProbabilities(np.array([[0.2, 0.7]]), "aA")
    assert (read.at(0, "a"), read.at(0, "A"), read.at(0, "-")) == (0.7, 0.7, 0.0)
    assert weighted_distance("-", "A", read) == 0
    assert weighted_distance("-", "+", read) == 1
