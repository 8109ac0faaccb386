"""Learning rates that change while training."""

import keras


def warmup_cosine(peak_rate, steps, *, warmup=0.1):
    """Return a learning rate, for an optimizer, that rises in a line and then falls along a cosine.

    peak_rate: the largest rate, > 0, reached at the end of the warm-up. The warm-up begins at a
    tenth of it; the cosine ends at zero.
    steps: batches of the whole training, int ≥ 1.
    warmup: share of the steps in which the rate rises, in ``[0, 1)``.

    Raises ValueError for values outside these ranges.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017);
    warm-up: Goyal et al., "Accurate, Large Minibatch SGD" (2017).
    """
    if not (peak_rate > 0 and steps >= 1 and 0 <= warmup < 1):
        raise ValueError(
            "expected peak_rate > 0, steps ≥ 1 and warmup in [0, 1), "
            f"got {peak_rate=}, {steps=} and {warmup=}"
        )
    rising = int(warmup * steps)
    if rising == 0:
        return keras.optimizers.schedules.CosineDecay(peak_rate, steps)
    return keras.optimizers.schedules.CosineDecay(
        peak_rate / 10, steps - rising, warmup_target=peak_rate, warmup_steps=rising
    )
