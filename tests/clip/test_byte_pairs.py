"""The byte-pair encoding is open_clip's."""

import gzip
import random
import string

import pytest
from open_clip.tokenizer import SimpleTokenizer, default_bpe

from tcm.clip import byte_pairs
from tcm.clip.byte_pairs import BytePairs
from tcm.errors import DataError
from tests.models.recognizers import oracles

ALPHABETS = {
    "36": string.digits + string.ascii_lowercase,
    "94": string.digits + string.ascii_letters + string.punctuation,
    "ascii": "".join(map(chr, range(0x20, 0x7F))),
    "others": "äéßñøабвждالسعبمกขคงจ日本語文字가나다",
    "rare": "'srvemltd <>&;_",
}


@pytest.fixture(scope="module")
def tokenizers():
    return BytePairs(default_bpe()), SimpleTokenizer()


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_ids_of_random_captions(alphabet, tokenizers):
    ours, theirs = tokenizers
    draw = random.Random(alphabet)
    captions = [
        "".join(draw.choices(ALPHABETS[alphabet], k=draw.randint(0, 25))) for _ in range(1000)
    ]
    assert [ours.row(caption, 16) for caption in captions] == theirs(captions, 16).tolist()


def test_ids_of_words(tokenizers):
    ours, theirs = tokenizers
    words = [
        "",
        "chicken",
        "its5oclock",
        "It's 5 O'Clock!",
        "a &amp; b &lt;",
        "<end_of_text>",
        " x ",
    ]
    for length in (2, 5, 16, 77):
        assert [ours.row(word, length) for word in words] == theirs(words, length).tolist()


def test_ids_are_the_reference_s(tokenizers):
    for case in oracles.facts("text")["bpe"]:
        assert tokenizers[0].row(case["word"], case["context_length"]) == case["ids"]


def test_what_is_remembered_is_bounded(monkeypatch, tokenizers):
    monkeypatch.setattr(byte_pairs, "_REMEMBERED", 4)
    pairs = BytePairs(default_bpe())
    words = ["one", "two", "three", "four", "one", "five"]
    first = [pairs.ids(word) for word in words]
    assert len(pairs._known) <= 4
    assert first == [tokenizers[0].ids(word) for word in words]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "no packed vocabulary"),
        (gzip.compress(b"\xff" * 9, mtime=0), "no packed vocabulary"),
        (gzip.compress(b"head\na b\nc d\n", mtime=0), "no vocabulary of 48894 merges"),
        (gzip.compress(b"head\n" + b"a b c\n" * 50000, mtime=0), "no vocabulary of 48894 merges"),
    ],
)
def test_what_is_no_vocabulary_is_named(content, message, tmp_path):
    file = tmp_path / "words.gz"
    file.write_bytes(content)
    with pytest.raises(DataError, match=f"words.gz: {message}"):
        BytePairs(file)
    with pytest.raises(DataError, match="absent: no such file"):
        BytePairs(tmp_path / "absent")


def test_a_small_table_has_the_first_merges_and_the_smallest_none():
    small, letters = BytePairs(default_bpe(), 514 + 1000), BytePairs(default_bpe(), 514)
    whole = BytePairs(default_bpe())
    assert max(small.row("the exit of a hotel", 30)) == 514 + 1000 - 1
    assert small.ids("the") == whole.ids("the")  # among the first merges
    assert len(whole.ids("hotel")) == 1 and len(letters.ids("hotel")) == 5
    assert letters.row("hi", 5) == [512, *letters.ids("hi"), 513, 0]
