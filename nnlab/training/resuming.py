"""Training that may be killed at any time."""

import hashlib
import os
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np


def resumable_epochs(model, folder, epochs, *, seed):
    """Yield the numbers of the epochs left to train, so that a run killed at any time goes on and ends the same.

    model: built and compiled; from the second start on, its weights and optimizer are set as the last finished epoch
    left them. folder: of this run alone, made if absent; it holds one file, which is exchanged as a whole after each
    epoch. epochs: how many in all. seed: int in ``[0, 2**32 - epochs)``: before each epoch everything random is seeded
    with seed + epoch, so that what is drawn depends on these two and not on what came before. ``fit`` stays yours::

        for epoch in resumable_epochs(model, "run", 10, seed=0):
            order = np.random.permutation(len(x))  # fit's own shuffling draws once more at each start of a process
            model.fit(x[order], y[order], shuffle=False, initial_epoch=epoch, epochs=epoch + 1)

    A data set that shuffles itself, such as one of ``nnlab.datasets.stream_records``, is to be made within the loop:
    made before, its orders would begin anew at each start of a process.

    On a CPU, with ``set_seed(…, deterministic=True)``, the weights are then the same, bit for bit, as without any
    interruption; with the PyTorch backend only if layers draw nothing: there Keras draws once more at each start.

    Raises ValueError if the model has no weights yet, if the folder's file is damaged, or if it belongs to another
    model or optimizer.
    """
    if not model.built:
        raise ValueError(
            "the model has no weights yet: begin it with keras.Input(…), or call model.build(…) before"
        )
    of_all = [model.optimizer, *getattr(model.optimizer, "optimizers", [])]
    kind = ", ".join(type(optimizer).__name__ for optimizer in of_all)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # after-EPOCH-HASH.weights.h5: HDF5 itself does not notice a changed byte
    saved = sorted(
        folder.glob("after-*-*.weights.h5"), key=lambda path: int(path.name.split("-")[1])
    )
    done = int(saved[-1].name.split("-")[1]) if saved else 0
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)  # else there is nothing to load into
    if saved:
        with saved[-1].open("rb") as stored:
            if hashlib.file_digest(stored, "sha256").hexdigest()[:16] not in saved[-1].name:
                raise ValueError(
                    f"{saved[-1]} is damaged: bring a good copy, or remove the folder to begin anew"
                )
        with h5py.File(saved[-1]) as stored:
            if (found := stored.attrs["optimizer"]) != kind:
                raise ValueError(
                    f"{saved[-1]} was trained by {found}, got {kind}: take that, or remove the folder"
                )
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings(
                    "error", message="Skipping"
                )  # else Keras goes on without what does not fit
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
            state.assign(
                np.array([seed + epoch, index]).astype(keras.backend.standardize_dtype(state.dtype))
            )
        yield epoch
        part = folder / ".part.weights.h5"
        try:
            model.save_weights(part, overwrite=True)
            with h5py.File(part, "a") as written:
                written.attrs["optimizer"] = kind
            with part.open("rb+") as written:
                digest = hashlib.file_digest(written, "sha256").hexdigest()[:16]
                os.fsync(
                    written.fileno()
                )  # else a power cut could leave an empty file under the new name
            whole = part.replace(folder / f"after-{epoch + 1}-{digest}.weights.h5")
        finally:
            part.unlink(missing_ok=True)  # of a disk that is full
        for old in saved:
            old.unlink(missing_ok=True)
        saved = [whole]
