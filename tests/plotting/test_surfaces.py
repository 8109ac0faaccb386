import numpy as np
import pytest
from matplotlib.contour import ContourSet

from nnlab import plotting


def areas(ax):
    """Return the filled areas on Axes, each with its colour and its extents."""
    filled = []
    for contours in filter(lambda each: isinstance(each, ContourSet), ax.collections):
        for path in contours.get_paths():
            if len(path.vertices):
                filled.append((tuple(contours.get_facecolor()[0][:3]), path.get_extents()))
    return filled


def points(ax):
    """Return the points on Axes by class."""
    scatters = [each for each in ax.collections if each.get_label()[0] != "_"]
    return {each.get_label(): each for each in scatters}


def test_the_plane_is_coloured_by_the_class_that_the_classifier_gives(helper, legend):
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    ax = helper(plotting.plot_decision_regions)(
        lambda points: (points[:, 0] > 0.5).astype(int), corners, [0, 0, 1, 1]
    )
    (left_color, left), (right_color, right) = areas(ax)
    assert left.x1 == pytest.approx(0.5, abs=0.01)
    assert right.x0 == pytest.approx(0.5, abs=0.01)
    for label, color in (("0", left_color), ("1", right_color)):
        assert tuple(points(ax)[label].get_facecolor()[0][:3]) == color
    assert legend(ax) == ["0", "1"]


@pytest.mark.parametrize("xy", [[[5.0, 5.0]], [[5.0, 0.0], [5.0, 2.0]]])
def test_points_in_a_line_have_room_around_them(helper, xy):
    ax = helper(plotting.plot_decision_regions)(
        lambda points: (points[:, 0] > 5).astype(int), xy, [0] * len(xy)
    )
    assert np.ptp(ax.get_xlim()) == pytest.approx(0.5)


def test_between_two_regions_lies_no_strip_of_a_third_class(helper):
    ax = helper(plotting.plot_decision_regions)(
        lambda points: np.where(points[:, 0] > 0, 2, 0), [[-1, 0], [0, 1], [1, 0]], [0, 1, 2]
    )
    assert len(areas(ax)) == 2


def test_points_are_drawn_in_the_class_that_is_true(helper):
    xy = np.array([[0.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    ax = helper(plotting.plot_decision_regions)(
        lambda grid: np.zeros(len(grid), int), xy, [1, 0, 1]
    )
    np.testing.assert_array_equal(points(ax)["0"].get_offsets(), xy[1:2])
    np.testing.assert_array_equal(points(ax)["1"].get_offsets(), xy[[0, 2]])


def test_a_class_that_is_only_answered_is_named_too(helper, legend):
    ax = helper(plotting.plot_decision_regions)(
        lambda grid: np.full(len(grid), 3), [[0, 0], [1, 1]], [0, 1]
    )
    assert legend(ax) == ["0", "1", "3"]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (np.zeros((40000, 3)), r"one class for each of 40000 points, got \(40000, 3\)"),
        (np.full(40000, 0.3), r"classify's answers must hold integers in 0\.\.13, got \[0\.3\]"),
        (np.full(40000, np.nan), r"got \[nan"),
    ],
)
def test_answers_that_are_no_classes_are_refused(helper, answers, message):
    with pytest.raises(ValueError, match=message):
        helper(plotting.plot_decision_regions)(lambda grid: answers, [[0, 0], [1, 1]], [0, 1])


def test_points_that_are_not_finite_are_refused(helper):
    with pytest.raises(ValueError, match="NaN or infinity: leave such points out"):
        helper(plotting.plot_decision_regions)(len, [[0, np.nan]], [0])


def test_contour_lines_lie_where_the_loss_has_their_height(helper):
    ax = helper(plotting.plot_loss_surface)(lambda a, b: a**2 + b**2 + 5, (-1, 1), (-1, 1))
    [lines] = ax.collections
    checked = 0
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        if len(path.vertices) > 20 and level < 5.8:  # small and cut circles are drawn roughly
            np.testing.assert_allclose(5 + np.square(path.vertices).sum(axis=1), level, atol=0.01)
            checked += 1
    assert checked > 2
    assert ax.get_legend() is None


def test_paths_are_drawn_from_their_first_to_their_last_step(helper, legend):
    path = [[0.9, 0.9], [0.5, 0.2], [0.1, 0.0]]
    ax = helper(plotting.plot_loss_surface)(
        lambda a, b: a**2 + b**2, (-1, 1), (-1, 1), paths={"Adam": path}
    )
    line, start, end = ax.get_lines()
    np.testing.assert_array_equal(line.get_xydata(), path)
    np.testing.assert_array_equal([*start.get_xydata(), *end.get_xydata()], [path[0], path[-1]])
    assert legend(ax) == ["Adam"]


def test_every_path_is_drawn_and_named(helper, legend):
    paths = {f"rate {i}": [[i / 10, 0], [0, 0]] for i in range(6)}
    ax = helper(plotting.plot_loss_surface)(lambda a, b: a + b, (-1, 1), (-1, 1), paths=paths)
    assert legend(ax) == list(paths)
    drawn = [line.get_xydata().tolist() for line in ax.get_lines()]
    assert all(path in drawn for path in paths.values())


def test_a_flat_loss_is_an_empty_map(helper):
    ax = helper(plotting.plot_loss_surface)(lambda a, b: 0 * a + 1, (-1, 1), (-2, 2))
    assert ax.get_ylim() == (-2, 2)
    assert not any(len(path.vertices) for path in ax.collections[0].get_paths())


def test_a_loss_is_drawn_where_it_is_finite(helper):
    def loss(a, b):
        return np.where(a > 0, a**2 + b**2, np.nan)

    ax = helper(plotting.plot_loss_surface)(loss, (-1, 1), (-1, 1))
    drawn = [path for path in ax.collections[0].get_paths() if len(path.vertices)]
    assert len(drawn) > 5
    assert min(path.get_extents().x0 for path in drawn) >= 0


@pytest.mark.parametrize(
    ("loss", "paths", "message"),
    [
        (lambda a, b: np.full_like(a, np.nan), None, "got 0 of them"),
        (lambda a, b: 1.0, None, r"finite numbers \(200, 200\), got 1 of them in shape \(\)"),
        (np.add, {"Adam": [0.5, 0.5]}, r"the path 'Adam' must be \(steps, 2\), got \(2,\)"),
        (np.add, {"Adam": []}, r"'Adam' must be \(steps, 2\), got \(0,\)"),
    ],
)
def test_a_loss_or_a_path_that_cannot_be_drawn_is_refused(helper, loss, paths, message):
    with pytest.raises(ValueError, match=message):
        helper(plotting.plot_loss_surface)(loss, (-1, 1), (-1, 1), paths=paths)
