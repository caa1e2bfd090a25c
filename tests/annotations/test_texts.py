import pytest

from tcm.annotations.texts import settled, unquoted, written
from tcm.errors import DataError

QUOTES = "quotes around texts are no part of them"
BLANKS = "blanks around ### are no part of it"


@pytest.mark.parametrize(
    ("text", "form"),
    [("a,b", "a,b"), ('"a"', '""a""'), (' "a" ', '"' + ' "a" ' + '"'), ('a"', 'a"'), ("", "")],
)
def test_a_written_text_is_read_again(text, form):
    assert written(text) == form
    assert unquoted(form) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [("a\nb", "has a line break"), ("a\r", "has a line break"), ('"a\\"b"', "cannot be written")],
)
def test_a_text_that_no_line_can_hold_is_refused(text, reason):
    with pytest.raises(DataError, match=reason):
        written(text)


@pytest.mark.parametrize(
    ("texts", "found", "assumed"),
    [
        (["a", '"b"'], ["a", '"b"'], None),  # ICDAR2015 has such texts
        (['"b"'], ['"b"'], None),
        (['"a"', '"b, \\"c\\""'], ["a", 'b, "c"'], [QUOTES, QUOTES]),
        (["a", ' "b"'], ["a", "b"], [None, QUOTES]),
        (["a", '"###"', ' "###"'], ["a", "###", "###"], [None, QUOTES, QUOTES]),
        (["a", " ### "], ["a", "###"], [None, BLANKS]),
        ([None, '"a"', '"b"'], [None, "a", "b"], [None, QUOTES, QUOTES]),
        (["", None], ["", None], None),
    ],
)
def test_quotes_go_where_they_are_the_form_of_the_file(texts, found, assumed):
    wanted = [() if one is None else (one,) for one in assumed or [None] * len(texts)]
    assert settled(texts, "form", strict=False) == list(zip(found, wanted, strict=True))


def test_readers_of_the_competition_drop_quotes_and_others_keep_them():
    texts = ["a", '"b"', ' "###"', " ###"]
    assert [t for t, _ in settled(texts, "drop", strict=True)] == ["a", "b", "###", " ###"]
    assert [t for t, _ in settled(texts, "keep", strict=True)] == texts
    assert settled([" ###"], "drop", strict=False) == [("###", (BLANKS,))]
