"""One seed for everything."""

import random

import keras
import numpy as np
import pytest

from nnlab.training import set_seed


def test_the_same_seed_gives_the_same_python_numpy_and_keras_numbers(helper):
    def draw():
        legacy = np.random.rand()  # noqa: NPY002, the global generator is the subject
        return random.random(), legacy, float(keras.random.normal(()))

    seed = helper(set_seed)
    assert seed(3) == 3
    first = draw()
    assert draw() != first
    seed(3)
    assert draw() == first


def test_seeds_of_numpy_are_those_of_python(helper):
    for seed in np.arange(2):
        found = helper(set_seed)(seed)
        assert (type(found), found) == (int, seed)
        first = random.random()
        helper(set_seed)(int(seed))
        assert random.random() == first


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, 1.0, "1", None])
def test_a_seed_outside_its_range_is_refused(helper, seed):
    with pytest.raises(ValueError, match=f"an integer from 0 to .*, got {seed!r}"):
        helper(set_seed)(seed)


@pytest.fixture
def is_deterministic():
    """Return a function: does the backend repeat every operation bit for bit? Undone at the end."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        from tensorflow.python.framework import config

        yield config.is_op_determinism_enabled
        config.disable_op_determinism()
    elif backend == "torch":
        import torch

        yield torch.are_deterministic_algorithms_enabled
        torch.use_deterministic_algorithms(False)
    else:
        pytest.skip("on a CPU, JAX always does")


def test_deterministic_turns_on_the_op_determinism_of_the_backend(helper, is_deterministic):
    for deterministic in (False, True):
        helper(set_seed)(0, deterministic=deterministic)
        assert is_deterministic() == deterministic
