import numpy as np
import pytest

from nnlab import text


@pytest.fixture
def vocabulary(helper):
    return helper(text.Vocabulary).from_text("hello, world")


def test_a_vocabulary_holds_each_character_once_in_order(vocabulary):
    assert vocabulary.characters == " ,dehlorw"
    assert len(vocabulary) == 9


def test_decode_is_the_inverse_of_encode(vocabulary):
    ids = vocabulary.encode("hello")
    assert (ids.dtype, ids.tolist()) == (np.int32, [4, 3, 5, 5, 6])
    assert vocabulary.decode(ids) == "hello"
    assert vocabulary.decode(vocabulary.encode("")) == ""


def test_an_unknown_character_is_named_with_its_place(vocabulary):
    with pytest.raises(ValueError, match=r"'é' \(U\+00E9\) at position 1 is not among the 9"):
        vocabulary.encode("hé")


@pytest.mark.parametrize("ids", [[-1], [9]])
def test_ids_outside_the_vocabulary_are_refused(vocabulary, ids):
    with pytest.raises(ValueError, match=r"must lie in 0..8"):
        vocabulary.decode(ids)


@pytest.mark.parametrize(("given", "kind"), [(["hello", "world"], "list"), (b"hello", "bytes")])
def test_only_str_is_encoded(vocabulary, given, kind):
    with pytest.raises(ValueError, match=f"text must be str, got {kind}: join lines"):
        vocabulary.encode(given)


@pytest.mark.parametrize("ids", [[[1, 2]], 3, [1.0, 2.0], ["h"]])
def test_only_one_row_of_integers_is_decoded(vocabulary, ids):
    with pytest.raises(ValueError, match=r"ids must be integers \(length,\), got .* row by row"):
        vocabulary.decode(ids)


@pytest.mark.parametrize("characters", ["", "aba"])
def test_a_vocabulary_without_or_with_repeated_characters_is_refused(helper, characters):
    with pytest.raises(ValueError, match="each character once"):
        helper(text.Vocabulary)(characters)


def test_each_row_goes_on_where_it_ended_in_the_batch_before(helper):
    inputs, targets = helper(text.stateful_batches)(np.arange(14), 3, 2)
    first = [[0, 1, 2], [6, 7, 8]]
    second = [[3, 4, 5], [9, 10, 11]]  # of two rows each
    assert inputs.tolist() == [*first, *second]
    np.testing.assert_array_equal(targets, inputs + 1)


@pytest.mark.parametrize("characters", [9, 10, 11, 12])
def test_batches_of_one_row_predict_every_character_once(helper, characters):
    inputs, targets = helper(text.stateful_batches)(np.arange(characters), 3, 1)
    whole = (characters - 1) // 3 * 3  # what fills no window is left out
    assert (inputs.shape, targets.shape) == ((whole // 3, 3), (whole // 3, 3))
    assert inputs.ravel().tolist() == list(range(whole))
    assert targets.ravel().tolist() == list(range(1, whole + 1))


def test_a_text_shorter_than_one_batch_is_refused(helper):
    with pytest.raises(ValueError, match="2 rows of 3 need 7 characters, got 6"):
        helper(text.stateful_batches)(np.arange(6), 3, 2)


@pytest.mark.parametrize(
    ("ids", "length", "batch_size"),
    [(np.arange(9), 0, 2), (np.arange(9), -3, 2), (np.arange(9), 3, 0), (np.ones((2, 9)), 3, 2)],
)
def test_batches_of_no_size_and_of_several_texts_are_refused(helper, ids, length, batch_size):
    with pytest.raises(ValueError, match=r"ids must be \(n,\), length and batch_size ≥ 1, got"):
        helper(text.stateful_batches)(ids, length, batch_size)
