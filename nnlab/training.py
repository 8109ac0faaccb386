"""What Keras leaves to its user around a training run: one seed for everything, samples kept on the way, a record."""

import html
import importlib.metadata
import os
import platform
from dataclasses import dataclass

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


class SampleSnapshots(keras.callbacks.Callback):
    """A callback that keeps what a network makes before training and after every epoch, to show its progress.

    sample: function without arguments that returns anything worth keeping, e.g. the images that the generator makes
    of the same noise as always. every: epochs from one snapshot to the next; the last epoch is kept in any case.

    ``samples`` is a list of ``(epoch, what sample returned)``; epoch 0 is before training. Each ``fit`` starts anew.
    """

    def __init__(self, sample, *, every=1):
        super().__init__()
        self.sample, self.every, self.samples = sample, every, []

    def on_train_begin(self, logs=None):
        self.samples = [(0, self.sample())]

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0 or epoch + 1 == self.params["epochs"]:
            self.samples.append((epoch + 1, self.sample()))


class ResetStates(keras.callbacks.Callback):
    """A callback that lets stateful layers begin afresh: before each epoch, each evaluation and each prediction.

    Keras leaves the state of a stateful recurrent layer as the last batch has left it, also that of other data.
    """

    def reset(self, *args, **kwargs):
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    on_epoch_begin = on_test_begin = on_predict_begin = reset


@dataclass(frozen=True)
class RunRecord:
    """What a run used and reached, shown in a notebook as a small table that programs can read too.

    notebook, dataset: names. seed: the one given to ``set_seed``. seconds: wall time of the whole run.
    metrics: name → number, each a result that the notebook promises.

    Its Jupyter output carries the same as JSON under ``application/vnd.nnlab.record+json``, with the versions
    of the libraries and the device added.
    """

    notebook: str
    dataset: str
    seed: int
    metrics: dict[str, float]
    seconds: float

    @property
    def versions(self):
        """Versions of Python, NumPy, Keras and the backend in use, by name."""
        backend = keras.backend.backend()
        installed = {name: importlib.metadata.version(name) for name in ("numpy", "keras", backend)}
        return {"python": platform.python_version(), **installed}

    @property
    def device(self):
        """Where Keras computes: the number of GPUs, or else of CPU cores."""
        gpus = keras.distribution.list_devices("gpu")
        return f"{len(gpus)} GPU" if gpus else f"CPU, {os.cpu_count()} cores"

    def as_dict(self):
        """Return the record as a dict that ``json`` can write."""
        return {
            "notebook": self.notebook,
            "dataset": self.dataset,
            "seed": self.seed,
            "metrics": {name: float(value) for name, value in self.metrics.items()},
            "versions": self.versions,
            "device": self.device,
            "seconds": round(self.seconds, 1),
        }

    def _repr_mimebundle_(self, include=None, exclude=None):
        record = self.as_dict()
        rows = {
            "notebook": record["notebook"],
            "dataset": record["dataset"],
            "seed": str(record["seed"]),
            **{name: f"{value:.4g}" for name, value in record["metrics"].items()},
            "versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
            "device": record["device"],
            "wall time": f"{record['seconds']:.0f} s",
        }
        cells = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>" for name, value in rows.items()
        )
        width = max(map(len, rows))
        return {
            "text/plain": "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()),
            "text/html": f"<table style='text-align: left'><caption>Run record</caption>{cells}</table>",
            "application/vnd.nnlab.record+json": record,
        }
