"""Diagrams: every box and arrow is there, units and weights are as many as the layers say."""

import pytest

from nnlab.plotting import plot_diagram, plot_network

CHAIN = {"boxes": {"a": (0, 0), "b": (1, 0), "c": (1, 1)}, "arrows": [("a", "b", "x"), ("b", "c")]}


def test_a_diagram_has_its_boxes_its_arrows_and_what_is_written_at_them(helper, texts):
    ax = helper(plot_diagram)(**CHAIN)
    assert sorted(text for text in texts(ax) if text) == ["a", "b", "c", "x"]
    assert sum(getattr(text, "arrow_patch", None) is not None for text in ax.texts) == 2


def test_a_box_has_the_colour_that_it_is_given(helper):
    ax = helper(plot_diagram)(**CHAIN, colors={"b": "#D55E00"})
    [box] = [text.get_bbox_patch() for text in ax.texts if text.get_text() == "b"]
    assert box.get_edgecolor()[:3] == pytest.approx((0xD5 / 255, 0x5E / 255, 0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"boxes": {}}, "expected one box or more, got none"),
        ({"arrows": [("a", "d")]}, "no box 'd' among 'a', 'b', 'c'"),
        ({"colors": {"e": "red"}}, "no box 'e' among 'a', 'b', 'c'"),
    ],
)
def test_what_is_not_there_is_named(helper, wrong, message):
    with pytest.raises(ValueError, match=message):
        helper(plot_diagram)(**CHAIN | wrong)


def test_a_network_has_a_line_for_each_weight_and_a_circle_for_each_unit(helper, texts):
    ax = helper(plot_network)((2, 4, 3), names=["in", "hidden", "out"])
    assert len(ax.lines) == 2 * 4 + 4 * 3
    assert [len(layer.get_offsets()) for layer in ax.collections] == [2, 4, 3]
    assert texts(ax) == ["in", "hidden", "out"]


def test_of_a_wide_layer_seven_units_and_dots_are_drawn(helper, texts):
    ax = helper(plot_network)((784, 10))
    assert len(ax.lines) == 7 * 7
    assert texts(ax) == ["⋮", "784", "⋮", "10"]


@pytest.mark.parametrize(
    "wrong", [{"sizes": ()}, {"sizes": (2, 0)}, {"sizes": (2, 1), "names": "a"}]
)
def test_a_network_without_units_or_names_is_refused(helper, wrong):
    with pytest.raises(ValueError, match="each ≥ 1 and with a name, got"):
        helper(plot_network)(**wrong)
