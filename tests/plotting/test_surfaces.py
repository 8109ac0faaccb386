import matplotlib.pyplot as plt
import numpy as np
import pytest

from nnlab import plotting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_plane_is_coloured_by_the_class_that_the_classifier_gives(helper):
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    ax = helper(plotting.plot_decision_regions)(
        lambda points: (points[:, 0] > 0.5).astype(int), corners, [0, 0, 1, 1]
    )
    regions = ax.collections[0]
    filled = [path for path in regions.get_paths() if len(path.vertices)]
    assert len(filled) == 2
    left, right = (path.get_extents() for path in filled)
    assert left.x1 == pytest.approx(0.5, abs=0.01)
    assert right.x0 == pytest.approx(0.5, abs=0.01)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1"]


def test_points_are_drawn_in_the_class_that_is_true(helper):
    points = np.array([[0.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    ax = helper(plotting.plot_decision_regions)(
        lambda grid: np.zeros(len(grid), int), points, [1, 0, 1]
    )
    shown = {
        text.get_text(): each.get_offsets()
        for text, each in zip(ax.get_legend().get_texts(), ax.collections[1:], strict=True)
    }
    np.testing.assert_array_equal(shown["0"], points[1:2])
    np.testing.assert_array_equal(shown["1"], points[[0, 2]])


def test_contour_lines_lie_where_the_loss_has_their_height(helper):
    ax = helper(plotting.plot_loss_surface)(lambda a, b: a**2 + b**2 + 5, (-1, 1), (-1, 1))
    [lines] = ax.collections
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        if len(path.vertices) > 20 and level < 5.8:  # small and cut circles are drawn roughly
            np.testing.assert_allclose(5 + np.square(path.vertices).sum(axis=1), level, atol=0.01)
    assert ax.get_legend() is None


def test_paths_are_drawn_from_their_first_to_their_last_step(helper):
    path = [[0.9, 0.9], [0.5, 0.2], [0.1, 0.0]]
    ax = helper(plotting.plot_loss_surface)(
        lambda a, b: a**2 + b**2, (-1, 1), (-1, 1), paths={"Adam": path}
    )
    line, start, end = ax.get_lines()
    np.testing.assert_array_equal(line.get_xydata(), path)
    np.testing.assert_array_equal([*start.get_xydata(), *end.get_xydata()], [path[0], path[-1]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Adam"]


def test_a_flat_loss_is_an_empty_map(helper):
    ax = helper(plotting.plot_loss_surface)(lambda a, b: 0 * a + 1, (-1, 1), (-2, 2))
    assert ax.get_ylim() == (-2, 2)
    assert not any(len(path.vertices) for path in ax.collections[0].get_paths())
