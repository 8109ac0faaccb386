import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from nnlab import sampling


@pytest.fixture
def slerp(helper):
    return helper(sampling.slerp)


def two_vectors(size):
    return np.random.default_rng(0).normal(size=(2, size))


def test_between_vectors_of_one_length_all_have_it_and_turn_evenly(slerp):
    start, end = two_vectors(50)
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    path = slerp(start, end, 7)
    assert path.shape == (7, 50)
    np.testing.assert_allclose(path[[0, -1]], [start, end])
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.linalg.norm(start))
    angles = np.arccos(np.sum(path[1:] * path[:-1], axis=1) / np.linalg.norm(start) ** 2)
    np.testing.assert_allclose(angles, angles[0])


def test_unit_quaternions_take_the_path_of_a_rotation(slerp):
    start, end = two_vectors(4)
    start /= np.linalg.norm(start)
    end /= np.linalg.norm(end) * np.sign(start @ end)
    rotations = Slerp([0, 1], Rotation.from_quat([start, end]))(np.linspace(0, 1, 9))
    found = Rotation.from_quat(slerp(start, end, 9))
    np.testing.assert_allclose(found.as_matrix(), rotations.as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ("given", "returned"),
    [("float64", "float64"), ("float32", "float32"), ("float16", "float32"), ("int64", "float64")],
)
def test_every_kind_of_number_is_taken(slerp, given, returned):
    start, end = (10 * two_vectors(64)).astype(given)
    path = slerp(start, end, np.int64(5))
    assert (path.shape, path.dtype) == ((5, 64), returned)
    expected = slerp(start.astype(float), end.astype(float), 5)
    np.testing.assert_allclose(path, expected, rtol=1e-4, atol=1e-5)
    assert slerp(start.tolist(), end.tolist(), 5).dtype == "float64"


@pytest.mark.parametrize("turn", [0, 1e-9, 1e-7, 1e-5])
@pytest.mark.parametrize("length", [1, 3])
def test_between_nearly_equal_directions_the_path_is_nearly_straight(slerp, turn, length):
    start = np.array([1.0, 0.0])
    end = length * np.array([np.cos(turn), np.sin(turn)])
    straight = np.linspace(start, end, 5)
    np.testing.assert_allclose(slerp(start, end, 5), straight, atol=1e-9)


@pytest.mark.parametrize("bad", [np.zeros(3), np.full(3, np.nan), np.array([1, np.inf, 0])])
def test_a_vector_without_a_direction_is_refused(slerp, bad):
    for ends in ((bad, np.ones(3)), (np.ones(3), bad)):
        with pytest.raises(ValueError, match="expected vectors with a direction, got lengths"):
            slerp(*ends, 5)


def test_opposite_directions_are_refused(slerp):
    start = two_vectors(64)[0]
    with pytest.raises(ValueError, match="opposite directions"):
        slerp(start, -2 * start, 5)


@pytest.mark.parametrize(
    ("shapes", "steps"), [((3, 4), 5), (((2, 3), (2, 3)), 5), ((3, 3), 1)], ids=str
)
def test_other_shapes_and_less_than_two_steps_are_refused(slerp, shapes, steps):
    with pytest.raises(ValueError, match="expected two vectors of one shape"):
        slerp(*map(np.ones, shapes), steps)
