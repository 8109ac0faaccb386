import numpy as np
import pytest

from nnlab import plotting

DIGITS = tuple("0123456789")


def test_confusion_matrix_counts_true_classes_in_rows(helper, texts):
    ax = helper(plotting.plot_confusion_matrix)(
        [0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 2, 0], ("cat", "dog", "cow")
    )
    assert texts(ax) == ["2", "1", "", "", "1", "", "1", "", "1"]
    shares = ax.get_images()[0].get_array()
    assert shares[0, 1] == pytest.approx(1 / 3)
    assert shares[2, 0] == pytest.approx(1 / 2)
    assert shares.mask.tolist() == np.eye(3, dtype=bool).tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog", "cow"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


def test_confusion_matrix_keeps_a_class_that_never_occurs_and_needs_no_mistake(helper, texts):
    ax = helper(plotting.plot_confusion_matrix)([0, 1], [0, 1], ("a", "b", "c"))
    assert texts(ax) == ["1", "", "", "", "1", "", "", "", ""]


def test_of_many_classes_no_name_stands_beside_the_wrong_row(helper, texts):
    names = [f"class {i}" for i in range(120)]
    ax = helper(plotting.plot_confusion_matrix)(np.arange(120), np.arange(120), names)
    for axis in (ax.xaxis, ax.yaxis):
        shown = [label.get_text() for label in axis.get_ticklabels()]
        assert shown == [f"class {place}" for place in axis.get_ticklocs()]
        assert 30 < len(shown) <= 60
    assert texts(ax) == []  # nobody could read so small a number


def test_mistakes_come_most_confident_first_with_their_probabilities(helper, images, texts):
    probabilities = np.eye(10)[:7] * 0.6 + 0.04
    y_true = np.array([0, 1, 2, 3, 9, 5, 9])
    probabilities[6] = np.eye(10)[6] * 0.8 + 0.02
    ax = helper(plotting.plot_mistakes)(images, y_true, probabilities, DIGITS)
    shown = [image.get_array() for image in ax.get_images()]
    np.testing.assert_array_equal(shown, images[[6, 4], ..., 0])
    assert [text for text in texts(ax) if text.startswith("is ")] == ["is 9", "is 9"]
    assert "6  82%" in texts(ax)
    assert "4  64%" in texts(ax)


def test_mistakes_says_so_when_there_are_none(helper, images, texts):
    ax = helper(plotting.plot_mistakes)(images, np.arange(7), np.eye(10)[:7], DIGITS)
    assert texts(ax) == ["no mistakes"]


def test_a_mistake_in_colour_is_drawn_in_colour(helper):
    image = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 3), dtype=np.uint8)
    [shown] = helper(plotting.plot_mistakes)(image, [1], [[0.9, 0.1]], "ab").get_images()
    np.testing.assert_array_equal(shown.get_array(), image[0])


@pytest.mark.parametrize(("size", "sides"), [((10, 40), (1, 0.25)), ((40, 10), (0.25, 1))])
def test_a_mistake_keeps_its_form(helper, size, sides):
    [shown] = helper(plotting.plot_mistakes)(
        np.zeros((1, *size)), [1], [[0.9, 0.1]], "ab"
    ).get_images()
    left, right, bottom, top = shown.get_extent()
    assert (right - left, bottom - top) == pytest.approx(sides)


def test_of_equal_probabilities_the_answer_is_shown_that_was_judged(helper, texts):
    ax = helper(plotting.plot_mistakes)(np.zeros((1, 4, 4)), [2], [[0.25] * 4], "abcd")
    assert [text for text in texts(ax) if "25%" in text] == ["a  25%", "b  25%", "c  25%"]


def test_a_long_name_stays_within_its_column(helper):
    image = np.zeros((4, 4, 4))
    names = ["aeroplane, airplane, plane", "a ship, or a big boat"]
    ax = helper(plotting.plot_mistakes)(image, [1] * 4, [[0.999, 0.001]] * 4, names)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    boxes += [shown.get_window_extent() for shown in ax.get_images()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_mistakes_without_a_label_for_each_image_are_refused(helper, images):
    with pytest.raises(ValueError, match="got 6 labels for 7 images"):
        helper(plotting.plot_mistakes)(images, np.arange(6), np.eye(10)[:6], DIGITS)
