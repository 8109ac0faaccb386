import pytest

from nnlab import plotting


def test_texts_stand_under_their_names_in_lines_of_the_width_asked_for(helper, texts):
    ax = helper(plotting.plot_texts)(
        {"cold": "aaa bbb ccc\n\nd$1$", "hot": "x " * 100}, width=8, max_lines=4
    )
    assert texts(ax)[0::2] == ["cold", "hot"]
    assert texts(ax)[1] == "aaa bbb\nccc\n\nd$1$"
    assert texts(ax)[3].count("\n") == 3


def test_no_text_at_all_is_refused(helper):
    with pytest.raises(ValueError, match="expected one text or more, got none"):
        helper(plotting.plot_texts)({})
