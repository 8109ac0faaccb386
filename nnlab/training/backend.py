"""What differs from backend to backend: seeds, batches, precision."""

import keras


def set_seed(seed, *, deterministic=False):
    """Seed Python, NumPy and the Keras backend, and return the seed.

    seed: int in ``[0, 2**32)``.
    deterministic: also make every operation repeat bit for bit on the same machine; slower, mostly on GPUs.

    Raises ValueError for a seed outside the range. Source: the documentation of ``keras.utils.set_random_seed``
    and the reproducibility pages of TensorFlow and PyTorch; JAX on CPU is deterministic as it is.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}: choose another one")
    keras.utils.set_random_seed(seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    elif deterministic and keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
    return seed


def disable_autotune():
    """Let TensorFlow hand out batches at once, without measuring how they are best prepared; return nothing.

    For data in memory there is nothing to gain by it. And in TensorFlow 2.21 the thread that measures can miss the end
    of an epoch: it then looks again after 2.6, 5.1, 10.2, 20.5, … seconds from the epoch's start, and until then
    ``fit``, ``evaluate`` or ``predict`` waits. Holds for all data sets made from now on in this process; other
    backends need no such thing, and nothing is done for them.

    Source: ``tf.data.experimental.AutotuneOptions``, whose ``enabled`` is what is set.
    """
    if keras.backend.backend() == "tensorflow":
        from tensorflow.data.experimental import AutotuneOptions

        make = AutotuneOptions.__init__

        def make_disabled(options):
            make(options)
            options.enabled = False

        AutotuneOptions.__init__ = make_disabled


def steps_at_once(steps):
    """Return steps, or 1 on the PyTorch backend, which takes one at a time: for ``compile(steps_per_execution=…)``.

    steps: int ≥ 1. With more than one, Keras returns to Python only after so many batches, which helps small models.
    """
    return 1 if keras.backend.backend() == "torch" else steps
