"""Learning rates that change while training."""

import keras
import numpy as np
import pytest

from nnlab.training import warmup_cosine


def rates(schedule, steps):
    """Return the rates of all steps and of five after them."""
    return np.array([float(schedule(step)) for step in range(steps + 6)])


@pytest.mark.parametrize(
    ("steps", "warmup", "rising"),
    [(50, 0.1, 5), (57, 0.1, 5), (40, 0.5, 20), (9, 0.1, 0), (1, 0, 0)],
)
def test_the_rate_rises_in_a_line_and_falls_along_half_a_cosine(helper, steps, warmup, rising):
    step = np.minimum(np.arange(steps + 6), steps)  # it stays where it ends
    line = 0.02 * (0.1 + 0.9 * step / max(rising, 1))
    cosine = 0.02 * (1 + np.cos(np.pi * (step - rising) / (steps - rising))) / 2
    expected = np.where(step < rising, line, cosine)
    got = rates(helper(warmup_cosine)(0.02, steps, warmup=warmup), steps)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-8)
    assert got.argmax() == rising


def test_a_tenth_of_the_steps_is_counted_without_a_rounding_error(helper):
    for steps in (*range(10, 2000), 10**6, 10**7 + 9):
        assert helper(warmup_cosine)(1.0, steps).warmup_steps == steps // 10


@pytest.mark.parametrize(
    "wrong", [{"peak_rate": 0.0}, {"steps": 0}, {"warmup": 1.0}, {"warmup": -0.1}]
)
def test_wrong_arguments_are_named(helper, wrong):
    [(name, value)] = wrong.items()
    with pytest.raises(ValueError, match=f"got .*{name}={value}"):
        helper(warmup_cosine)(**{"peak_rate": 0.1, "steps": 10} | wrong)


def test_an_optimizer_takes_it(helper):
    optimizer = keras.optimizers.SGD(helper(warmup_cosine)(0.5, 20))
    assert float(optimizer.learning_rate) == pytest.approx(0.05)
