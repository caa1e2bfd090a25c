import pytest
import torch

from tcm.errors import ConfigError, DataError
from tcm.models.recognizers.parseq.tokenizer import Tokenizer
from tests.models.recognizers import oracles

SIZES = ("36", "62", "94")


def test_ids_of_the_94_characters():
    tokenizer = Tokenizer()
    ids = tokenizer.encode(["0aA!~"])[0].tolist()
    assert ids == [95, 1, 11, 37, 63, 94, 0]
    assert (tokenizer.eos_id, tokenizer.bos_id, tokenizer.pad_id) == (0, 95, 96)
    assert (tokenizer.num_ids, tokenizer.num_classes) == (97, 95)


@pytest.mark.parametrize("size", SIZES)
def test_special_ids_of_every_set(size):
    expected = oracles.facts("text")["ids"][size]
    tokenizer = Tokenizer(size)
    found = (tokenizer.eos_id, tokenizer.bos_id, tokenizer.pad_id, tokenizer.num_ids)
    assert found == tuple(expected[k] for k in ("EOS", "BOS", "PAD", "size"))
    for character, index in expected["samples"].items():
        assert tokenizer.encode([character])[0, 1] == index


def test_encoding_pads_to_the_longest_of_the_batch():
    for case in oracles.facts("text")["encode"]:
        tokenizer = Tokenizer(case["charset"])
        assert tokenizer.encode(case["labels"]).tolist() == case["ids"]


def test_rows_of_the_data_workers_give_the_same_ids():
    labels = ["hello", "A", "", "x9"]
    for shape in ((4, 1, 25), (4, 25)):
        rows = oracles.rows(labels).view(shape)
        assert torch.equal(Tokenizer().from_rows(rows), Tokenizer().encode(labels))
    assert Tokenizer().from_rows(torch.full((2, 1, 25), -1)).tolist() == [[95, 0], [95, 0]]


def test_labels_that_can_not_be_encoded_are_mistakes_of_the_data():
    for case in oracles.facts("text")["encode_unsupported"]:
        with pytest.raises(DataError, match="the charset lacks"):
            Tokenizer().encode([case["label"]])
    with pytest.raises(DataError, match="4 characters, the model's are 3"):
        Tokenizer(max_label_length=3).encode(["abcd"])
    with pytest.raises(DataError, match="one label an image is wanted, got 2"):
        Tokenizer().from_rows(torch.zeros(1, 2, 5, dtype=torch.int64))
    with pytest.raises(DataError, match="index 94 of 94"):
        Tokenizer().from_rows(torch.tensor([[94]]))


def test_a_charset_that_there_is_not_is_named():
    with pytest.raises(ConfigError, match="model.charset: parseq93: .*'parseq94'"):
        Tokenizer("parseq93")


def test_decoding_stops_at_the_first_end_and_counts_its_probability():
    expected = oracles.facts("text")["decode"]
    probabilities = oracles.arrays("text")[expected["array"]]
    tokenizer = Tokenizer()
    ids, confidences = tokenizer.most_likely(probabilities.log())
    assert list(map(tokenizer.text, ids.tolist())) == expected["strings"]
    assert confidences.tolist() == pytest.approx(expected["confidence"], rel=1e-4)


def test_steps_count_the_end_and_stay_within_what_the_model_reads():
    tokenizer = Tokenizer(max_label_length=5)
    assert [tokenizer.steps(n) for n in (None, 0, 3, 9)] == [6, 1, 4, 6]


def test_texts_end_at_their_first_end_whatever_follows():
    tokenizer = Tokenizer({"characters": "abc"})
    ids = torch.tensor([[1, 2, 0, 3], [1, 2, 0, 1], [3, 3, 3, 3], [0, 1, 1, 1]])
    logits = torch.nn.functional.one_hot(ids, tokenizer.num_classes).float()
    assert tokenizer.texts(logits) == ["ab", "ab", "ccc" + "c", ""]
