import string

import numpy as np
import pytest

from tcm.data.synth.words import WordSampler


def sample(charset, length, count=400, **options):
    rng, sampler = np.random.default_rng(0), WordSampler(charset, length)
    return [sampler(rng, **options) for _ in range(count)]


@pytest.mark.parametrize("charset", ["a", "01", "AbC#", "αβΓ-", string.ascii_letters])
def test_words_use_the_whole_charset_and_nothing_else(charset):
    assert set("".join(sample(charset, (1, 6)))) == set(charset)


def test_lengths_cover_the_range():
    assert {len(word) for word in sample("abc", (2, 5))} == {2, 3, 4, 5}


def test_longest_lowers_the_limit_but_not_below_the_shortest():
    assert {len(word) for word in sample("abc", (2, 5), longest=3)} == {2, 3}
    assert {len(word) for word in sample("abc", (2, 5), longest=0)} == {2}


def test_the_cases_of_signs_occur():
    words = sample(string.ascii_letters + string.digits, (3, 6))
    kinds = [str.islower, str.isupper, str.istitle, str.isdigit]
    assert all(sum(map(kind, words)) > 20 for kind in kinds)


def test_repeated_characters_of_a_charset_are_not_drawn_more_often():
    letters = "".join(sample("aaaaaaab", (4, 4)))
    assert 0.4 < letters.count("b") / len(letters) < 0.6
