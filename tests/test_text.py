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
