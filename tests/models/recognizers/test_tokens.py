import pytest
import torch

from tcm.errors import ConfigError, DataError
from tcm.models.recognizers.tokens import Tokens
from tests.models.recognizers import oracles

SIZES = ("36", "62", "94")


def test_ids_of_the_94_characters():
    tokens = Tokens()
    ids = tokens.encode(["0aA!~"])[0].tolist()
    assert ids == [95, 1, 11, 37, 63, 94, 0]
    assert (tokens.eos, tokens.bos, tokens.pad, tokens.num_ids, tokens.num_classes) == (
        0, 95, 96, 97, 95,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_special_ids_of_every_set(size):
    expected = oracles.facts("text")["ids"][size]
    tokens = Tokens(size)
    found = (tokens.eos, tokens.bos, tokens.pad, tokens.num_ids)
    assert found == tuple(expected[k] for k in ("EOS", "BOS", "PAD", "size"))
    for character, index in expected["samples"].items():
        assert tokens.encode([character])[0, 1] == index


def test_encoding_pads_to_the_longest_of_the_batch():
    for case in oracles.facts("text")["encode"]:
        tokens = Tokens(case["charset"])
        assert tokens.encode(case["labels"]).tolist() == case["ids"]


def test_rows_of_the_data_workers_give_the_same_ids():
    labels = ["hello", "A", "", "x9"]
    for shape in ((4, 1, 25), (4, 25)):
        rows = oracles.rows(labels).view(shape)
        assert torch.equal(Tokens().from_rows(rows), Tokens().encode(labels))
    assert Tokens().from_rows(torch.full((2, 1, 25), -1)).tolist() == [[95, 0], [95, 0]]


def test_labels_that_can_not_be_encoded_are_mistakes_of_the_data():
    for case in oracles.facts("text")["encode_unsupported"]:
        with pytest.raises(DataError, match="the charset lacks"):
            Tokens().encode([case["label"]])
    with pytest.raises(DataError, match="4 characters, the model's are 3"):
        Tokens(max_length=3).encode(["abcd"])
    with pytest.raises(DataError, match="one label an image is wanted, got 2"):
        Tokens().from_rows(torch.zeros(1, 2, 5, dtype=torch.int64))
    with pytest.raises(DataError, match="index 94 of 94"):
        Tokens().from_rows(torch.tensor([[94]]))


def test_a_charset_that_there_is_not_is_named():
    with pytest.raises(ConfigError, match="model.charset: parseq93: .*'parseq94'"):
        Tokens("parseq93")


def test_decoding_stops_at_the_first_end_and_counts_its_probability():
    expected = oracles.facts("text")["decode"]
    probabilities = oracles.arrays("text")[expected["array"]]
    answers = Tokens().decode(probabilities.log())
    assert [text for text, _ in answers] == expected["strings"]
    confidences = [confidence for _, confidence in answers]
    assert confidences == pytest.approx(expected["confidence"], rel=1e-4)
