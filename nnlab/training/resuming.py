"""Training that may be killed at any time."""

import hashlib
import inspect
import io
import itertools
import json
import os
import random
import warnings
from pathlib import Path

import keras
import numpy as np


class ResumeTraining(keras.callbacks.Callback):
    """A callback with which a training that was killed goes on, and ends as if it had not been.

    After each epoch it stores what the rest of the training depends on. When the program is started
    again, ``fit`` goes on after the last whole epoch, and returns the curves of all epochs. A
    training that is finished, also by ``EarlyStopping``, is not trained again::

        set_seed(0)
        stop = keras.callbacks.EarlyStopping(patience=3)
        model.fit(x, y, epochs=10, callbacks=[stop, ResumeTraining("run", seed=0)])

    folder: of this training alone; made if absent. Remove it to train from the start.
    seed: int ≥ 0. Before each epoch, Python, NumPy, PyTorch and all layers that draw at random are
    seeded with it and the number of the epoch, so that no epoch depends on those before it.
    save: whether this process writes; of several that train together, only one may, and all read.

    Stored are weights, optimizer, states of recurrent layers and, of the other callbacks in any
    order, the attributes in ``KEPT``: what ``EarlyStopping``, ``ReduceLROnPlateau`` and
    ``ModelCheckpoint`` have seen, the snapshots of `SampleSnapshots`, whether the model has the
    averages of ``SwapEMAWeights``, the history. All is in one file, ``training.npz``, which is
    replaced as a whole. ``history`` reads the curves from it.

    On a CPU, with ``set_seed(…, deterministic=True)``, the end is the same, bit for bit, if the
    order of the data does not depend on earlier epochs either. Arrays that ``fit`` shuffles are
    safe, and so is a ``keras.utils.PyDataset``, also one that draws an order in its
    ``on_epoch_begin``. Not safe are a tf.data data set that shuffles itself, and a
    ``steps_per_epoch`` other than the number of batches.

    Warns if a stored learning rate replaces the one given, if an attribute cannot be stored, and if
    weights are not finite: then the file keeps the last good ones. Raises ValueError for a model
    without weights, and for a file that is damaged or of another model or optimizer; OSError if the
    file cannot be written, which leaves the one before.

    Source: ``keras.callbacks.BackupAndRestore``, which stores weights and optimizer only.
    """

    KEPT = ("best", "best_epoch", "best_weights", "cooldown_counter", "done", "epoch", "history")
    KEPT += ("samples", "step", "stopped_epoch", "wait", "waiting")
    KEPT += ("_ema_weights_in_model",)  # of SwapEMAWeights: which weights the model has

    def __init__(self, folder, *, seed, save=True):
        super().__init__()
        self.path = Path(folder) / "training.npz"
        self.seed = seed
        self.save = save
        self.others = {}

    @property
    def history(self):
        """The curves as they are stored: name → list with a number for each epoch."""
        about, arrays = self.read()
        curves = [each["history"] for each in about["callbacks"].values() if "history" in each]
        return self.unpacked(curves[-1], arrays) if curves else {}  # Keras' own comes last

    def set_model(self, model):
        super().set_model(model)
        # Keras does not tell a callback of the others. But who calls this is the list of them.
        caller = inspect.currentframe().f_back.f_locals.get("self")
        if not isinstance(caller, keras.callbacks.CallbackList):
            raise TypeError("ResumeTraining works in fit(callbacks=[…]) only: put it in that list")
        others = [each for each in caller.callbacks if each is not self]
        caller.callbacks = [*others, self]  # last, to see what the others have made of an epoch
        kinds = [type(each).__name__ for each in others]
        names = [f"{kind} {kinds[:index].count(kind)}" for index, kind in enumerate(kinds)]
        self.others = dict(zip(names, others, strict=True))

    def on_train_begin(self, logs=None):
        if not self.model.built:
            raise ValueError(
                "the model has no weights yet: begin it with keras.Input(…), or build it before fit"
            )
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        about, arrays = self.read()
        if about["epochs"]:
            self.check(about)
            self.restore(about, arrays)
        self.seed_epoch(about["epochs"])
        stopped = any(getattr(each, "stopped_epoch", 0) for each in self.others.values())
        # This is where fit begins; keras.callbacks.BackupAndRestore sets it, too.
        self.model._initial_epoch = self.params["epochs"] if stopped else about["epochs"]

    def on_epoch_begin(self, epoch, logs=None):
        self.model._initial_epoch = None  # the next fit may be another training

    def on_epoch_end(self, epoch, logs=None):
        if self.save:
            self.store(epoch + 1)
        self.seed_epoch(epoch + 1)

    def on_train_end(self, logs=None):
        self.model._initial_epoch = None

    def seed_epoch(self, epoch):
        """Seed everything that draws at random."""
        generators = [each for each in self.model.variables if each.name == "seed_generator_state"]
        seeds = np.random.SeedSequence([self.seed, epoch]).generate_state(1 + len(generators))
        if keras.backend.backend() == "torch":
            keras.utils.set_random_seed(int(seeds[0]))
        else:
            # Not set_random_seed: after tf.random.set_seed, TensorFlow prepares its graphs again,
            # and JAX does not need TensorFlow, which takes seconds to import.
            random.seed(int(seeds[0]))
            np.random.seed(seeds[0])  # noqa: NPY002, the generator that others draw from
        for generator, seed in zip(generators, seeds[1:], strict=True):
            generator.assign(np.array([seed, 0], "uint32").astype(generator.dtype))

    def state(self):
        """Return the variables that training changes."""
        parts = [*self.model.layers]
        for part in parts:  # grows: by the layers of models that are layers of others
            parts += part.layers if isinstance(part, keras.Model) else []
        stateful = [each for each in parts if getattr(each, "stateful", False)]
        recurrent = keras.tree.flatten([each.states for each in stateful])
        return [*self.model.weights, *self.model.optimizer.variables, *recurrent]

    def described(self):
        """Return what a file must agree with: kinds of optimizers, shapes and dtypes of state."""
        optimizers = [self.model.optimizer]
        for each in optimizers:  # grows: some optimizers are made of others
            optimizers += getattr(each, "optimizers", [])
            optimizers += filter(None, [getattr(each, "inner_optimizer", None)])
        kinds = [type(each).__name__ for each in optimizers]
        state = [f"{each.dtype} {tuple(each.shape)}" for each in self.state()]
        return {"optimizer": ", ".join(kinds), "state": state}

    def read(self):
        """Return what the file says, and its arrays; ``epochs`` is 0 where there is none."""
        if not self.path.exists():
            return {"epochs": 0, "callbacks": {}}, []
        content = self.path.read_bytes()
        if hashlib.sha256(content[:-32]).digest() != content[-32:]:
            raise ValueError(
                f"{self.path} is damaged: bring a good copy, or remove the folder to train from "
                "the start"
            )
        with np.load(io.BytesIO(content[:-32])) as file:
            arrays = [file[str(index)] for index in range(len(file.files) - 1)]
            return json.loads(str(file["about"])), arrays

    def check(self, about):
        """Raise ValueError if the file belongs to another model or optimizer."""
        here = self.described()
        if about["optimizer"] != here["optimizer"]:
            raise ValueError(
                f"{self.path} was trained by {about['optimizer']}, got {here['optimizer']}: take "
                "that, or remove the folder to train from the start"
            )
        if about["state"] != here["state"]:
            pairs = enumerate(itertools.zip_longest(about["state"], here["state"]))
            index, (there, found) = next(each for each in pairs if each[1][0] != each[1][1])
            raise ValueError(
                f"{self.path} cannot be loaded into this model: variable {index} is {there} there, "
                f"got {found}. Build it as it was, or remove the folder to train from the start"
            )

    def restore(self, about, arrays):
        """Set model, optimizer and callbacks as they were stored."""
        for variable, array in zip(self.state(), arrays, strict=False):
            given = keras.ops.convert_to_numpy(variable)
            if variable.name == "learning_rate" and given != array:
                warnings.warn(
                    f"{self.path} goes on with its learning rate {array:.6g}, not with the "
                    f"{given:.6g} given: to train with that, remove the folder",
                    stacklevel=2,
                )
            variable.assign(array)
        for name in about["callbacks"].keys() & self.others.keys():
            for attribute, value in about["callbacks"][name].items():
                setattr(self.others[name], attribute, self.unpacked(value, arrays))

    def store(self, epochs):
        """Replace the file by one with all that the training depends on after so many epochs."""
        arrays = [self.plain(each) for each in self.state()]
        weights = arrays[: len(self.model.weights)]
        if not all(np.isfinite(each).all() for each in weights):
            warnings.warn(
                f"after epoch {epochs} not all weights are finite: {self.path} keeps those before",
                stacklevel=2,
            )
            return
        callbacks = {name: self.packed(each, arrays) for name, each in self.others.items()}
        about = {"epochs": epochs, **self.described(), "callbacks": callbacks}
        numbered = {str(index): array for index, array in enumerate(arrays)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        try:
            with part.open("wb+") as file:
                np.savez(file, about=json.dumps(about), **numbered)
                file.seek(0)
                file.write(hashlib.file_digest(file, "sha256").digest())  # for read to compare
                file.flush()
                os.fsync(file.fileno())  # else a power cut could leave an empty file
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)  # of a full disk

    def plain(self, value):
        """Return anything like an array as one that a file of NumPy can hold."""
        array = keras.ops.convert_to_numpy(value)
        if array.dtype.kind == "V":  # bfloat16
            return array.astype("float32")
        if array.dtype.hasobject:
            raise TypeError(f"it holds {type(value).__name__}, neither text nor numbers")
        return array

    def packed(self, callback, arrays):
        """Return a callback's attributes that are kept, as JSON; arrays in them go to arrays."""

        def put_aside(value):  # json calls it with what it does not know
            arrays.append(self.plain(value))
            return {"nnlab array": len(arrays) - 1}

        kept = {}
        for name in self.KEPT:
            if hasattr(callback, name):
                try:
                    kept[name] = json.dumps(getattr(callback, name), default=put_aside)
                except TypeError as error:
                    owner = type(callback).__name__
                    warnings.warn(f"{owner}.{name} is not stored: {error}", stacklevel=2)
        return kept

    def unpacked(self, text, arrays):
        """Return what was packed."""

        def fetch(found):
            return arrays[found["nnlab array"]] if "nnlab array" in found else found

        return json.loads(text, object_hook=fetch)
