"""One seed for everything."""

import random
import subprocess
import sys

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


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_outside_its_range_is_refused(helper, seed):
    with pytest.raises(ValueError, match=f"got {seed}"):
        helper(set_seed)(seed)


def test_deterministic_turns_on_the_op_determinism_of_the_backend():
    asked = {
        "tensorflow": "from tensorflow.python.framework.config import is_op_determinism_enabled",
        "torch": "from torch import are_deterministic_algorithms_enabled",
        "jax": "def always(): return deterministic",  # on a CPU
    }[keras.backend.backend()]
    is_on = asked.split()[-1] if "import" in asked else "always"
    program = f"""
{asked}
from nnlab.training import set_seed
for deterministic in (False, True):
    set_seed(0, deterministic=deterministic)
    assert {is_on}() == deterministic
"""
    subprocess.run([sys.executable, "-c", program], check=True)
