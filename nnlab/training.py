"""What Keras leaves to its user around a training run: one seed for everything, samples kept on the way, a record."""

import functools
import html
import importlib.metadata
import os
import platform
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops


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


def resumable_epochs(model, folder, epochs, *, seed):
    """Yield the numbers of the epochs left to train, so that a run killed at any time goes on and ends the same.

    model: built and compiled; from the second start on, its weights and optimizer are set as the last finished epoch
    left them. folder: of this run alone, made if absent; it holds one file, which is exchanged as a whole after each
    epoch. epochs: how many in all. seed: int in ``[0, 2**32 - epochs)``: before each epoch everything random is seeded
    with seed + epoch, so that what is drawn depends on these two and not on what came before. ``fit`` stays yours::

        for epoch in resumable_epochs(model, "run", 10, seed=0):
            order = np.random.permutation(len(x))  # fit's own shuffling draws once more at each start of a process
            model.fit(x[order], y[order], shuffle=False, initial_epoch=epoch, epochs=epoch + 1)

    On a CPU, with ``set_seed(…, deterministic=True)``, the weights are then the same, bit for bit, as without any
    interruption; with the PyTorch backend only if layers draw nothing: there Keras draws once more at each start.

    Raises ValueError if the folder's file cannot be read or belongs to another model or optimizer.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    saved = sorted(folder.glob("after-*.weights.h5"), key=lambda path: int(path.name[6:].split(".")[0]))
    done = int(saved[-1].name[6:].split(".")[0]) if saved else 0
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)  # else there is nothing to load into
    if saved:
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message="Skipping variable")  # of an optimizer of another kind
                model.load_weights(saved[-1])
        except (OSError, ValueError, KeyError, UserWarning) as error:
            raise ValueError(
                f"{saved[-1]} cannot be loaded into this model ({error}): build the model as it was when the run "
                "began, or remove the folder to begin anew"
            ) from error
    random_states = [variable for variable in model.variables if "seed_generator" in variable.path]
    for epoch in range(done, epochs):
        keras.utils.set_random_seed(seed + epoch)
        for index, state in enumerate(random_states):  # of dropout, augmentation, noise
            state.assign(np.array([seed + epoch, index]).astype(keras.backend.standardize_dtype(state.dtype)))
        yield epoch
        part = folder / ".part.weights.h5"
        try:
            model.save_weights(part, overwrite=True)
            part.replace(folder / f"after-{epoch + 1}.weights.h5")
        finally:
            part.unlink(missing_ok=True)  # of a disk that is full
        for old in saved:
            old.unlink(missing_ok=True)
        saved = [folder / f"after-{epoch + 1}.weights.h5"]


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

    Keras leaves the state of a stateful recurrent layer as the last batch has left it, also that of other data. From
    its first use on, stateful SimpleRNN, LSTM and GRU layers can also be trained on the JAX and PyTorch backends.
    """

    def set_model(self, model):
        self.mend_layers()
        super().set_model(model)

    @staticmethod
    @functools.cache  # once is enough
    def mend_layers():
        """Let all stateful layers of this process keep their state as they do on TensorFlow; Keras 3.15 does not.

        JAX carries on only what a layer lists among its variables, and forgets the state after each batch. PyTorch
        overwrites the state in which a batch began while it still needs it for the gradients.
        """
        if keras.backend.backend() == "jax":
            listed = layers.RNN.variables.fget
            layers.RNN.variables = property(lambda layer: [*listed(layer), *keras.tree.flatten(layer.states or [])])
        elif keras.backend.backend() == "torch":

            def begin_with_copies(inner_loop):
                def run(layer, sequences, initial_state, *args, **kwargs):
                    copies = keras.tree.map_structure(ops.copy, initial_state)
                    return inner_loop(layer, sequences, copies, *args, **kwargs)

                return run

            for kind in (layers.LSTM, layers.GRU):  # SimpleRNN makes copies of its own
                kind.inner_loop = begin_with_copies(kind.inner_loop)

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
        if keras.backend.backend() == "torch":  # of which keras.distribution knows nothing
            import torch

            gpus = torch.cuda.device_count()
        else:
            gpus = sum(name.startswith("gpu") for name in keras.distribution.list_devices())
        return f"{gpus} GPU" if gpus else f"CPU, {os.cpu_count()} cores"

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
