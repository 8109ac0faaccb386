"""One seed for everything."""

import numbers

import keras


def set_seed(seed, *, deterministic=False):
    """Seed Python, NumPy and the Keras backend, and return the seed.

    seed: int in ``[0, 2**32)``.
    deterministic: also make every operation repeat bit for bit on the same machine; slower, mostly
    on GPUs. On JAX it changes nothing: a CPU needs nothing, a GPU the flag
    ``--xla_gpu_deterministic_ops=true`` in the environment variable XLA_FLAGS before JAX is
    imported. On a GPU, PyTorch also wants ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` there.

    Raises ValueError for a seed outside the range, and for one that is no integer.

    Source: the documentation of ``keras.utils.set_random_seed``, and the reproducibility pages of
    TensorFlow, PyTorch and XLA.
    """
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**32:
        raise ValueError(
            f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}: choose another one"
        )
    seed = int(seed)  # Keras refuses NumPy's integers
    keras.utils.set_random_seed(seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
    elif deterministic and keras.backend.backend() == "torch":
        import torch

        torch.use_deterministic_algorithms(True)
    return seed
