import string

import numpy as np
import pytest

from tcm.data.synth.words import WordSampler


def sample(characters, length, count=400, **options):
    rng, sampler = np.random.default_rng(0), WordSampler(characters, length)
    return [sampler(rng, **options) for _ in range(count)]


@pytest.mark.parametrize("characters", ["a", "01", "AbC#", "αβΓ-", string.ascii_letters])
def test_words_use_all_characters_and_nothing_else(characters):
    assert set("".join(sample(characters, (1, 6)))) == set(characters)


def test_lengths_cover_the_range():
    assert {len(word) for word in sample("abc", (2, 5))} == {2, 3, 4, 5}


def test_longest_lowers_the_limit_but_not_below_the_shortest():
    assert {len(word) for word in sample("abc", (2, 5), longest=3)} == {2, 3}
    assert {len(word) for word in sample("abc", (2, 5), longest=0)} == {2}


def test_the_cases_of_signs_occur():
    words = sample(string.ascii_letters + string.digits, (3, 6))
    kinds = [str.islower, str.isupper, str.istitle, str.isdigit]
    assert all(sum(map(kind, words)) > 20 for kind in kinds)
