"""Training that is killed goes on from the last whole epoch, and ends as if nothing had happened.

This file is also a program: ``python test_resume.py train WORKLOAD FOLDER`` is killed on its way, ``finish FOLDER``
takes up what was left of each, and compares it with a run that nobody interrupted.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from nnlab.models import (
    DCGAN,
    build_char_rnn,
    build_cnn,
    build_discriminator,
    build_generator,
    build_mlp,
)
from nnlab.training import ResetStates, resumable_epochs, set_seed

EPOCHS, KILLED_IN = 4, 2
PYTORCH = (
    keras.backend.backend() == "torch"
)  # there, Keras draws once more for dropout at each start
DROPOUT = 0.0 if PYTORCH else 0.4
RNG = np.random.default_rng(0)
IMAGES = RNG.random((24, 8, 8, 1)).astype("float32")


def mlp():
    model = build_mlp((8, 8, 1), 3, units=(6,), dropout=DROPOUT)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, (IMAGES, np.arange(24) % 3), []


def cnn():
    model = build_cnn((8, 8, 1), 3, filters=(2, 3), units=4, dropout=DROPOUT)
    model.compile(keras.optimizers.AdamW(1e-2), "sparse_categorical_crossentropy")
    return model, (IMAGES, np.arange(24) % 3), []


def rnn():
    model = build_char_rnn(5, units=(4,), embedding_dim=3, dropout=DROPOUT, batch_size=8)
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = np.random.default_rng(0).integers(0, 5, (24, 7))
    return model, (ids[:, :-1], ids[:, 1:]), [ResetStates()]


def gan():
    networks = build_generator(4, filters=(3, 2)), build_discriminator((28, 28, 1), filters=(2, 3))
    model = DCGAN(*networks, latent_dim=4, seed=0)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 12)
    model.compile(generator_optimizer=keras.optimizers.Adam(rate), discriminator_optimizer="adam")
    return model, (np.random.default_rng(0).uniform(-1, 1, (24, 28, 28, 1)).astype("float32"),), []


WORKLOADS = {"mlp": mlp, "cnn": cnn, "rnn": rnn, "gan": gan, "mlp, while saving": mlp}


def train(workload, folder, *, callback=None):
    """Train in the folder, from wherever it was left; return the trained numbers, and the epochs trained now."""
    keras.utils.set_random_seed(5)
    model, data, callbacks = WORKLOADS[workload]()
    trained = []
    for epoch in resumable_epochs(model, folder, EPOCHS, seed=1):
        trained.append(epoch)
        order = np.random.permutation(24)  # noqa: NPY002, what is seeded for each epoch
        shuffled = [part[order] for part in data]
        also = [callback] if callback and epoch == KILLED_IN else []
        model.fit(
            *shuffled,
            batch_size=8,
            shuffle=False,
            initial_epoch=epoch,
            epochs=epoch + 1,
            callbacks=callbacks + also,
            verbose=0,
        )
    return [
        keras.ops.convert_to_numpy(v) for v in [*model.weights, *model.optimizer.variables]
    ], trained


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(workload, folder):
    if "saving" not in workload:
        train(
            workload,
            folder,
            callback=keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: batch == 1 and kill()
            ),
        )
    replace = Path.replace

    def cut_short_and_killed(path, target):
        if f"after-{KILLED_IN + 1}" in str(target):
            os.truncate(path, path.stat().st_size // 2)
            kill()
        return replace(path, target)

    Path.replace = cut_short_and_killed
    train(workload, folder)


def finish(folder):
    """Return for each workload the epochs trained after the start anew, and by how much the numbers differ."""
    found = {}
    for workload in WORKLOADS:
        resumed, trained = train(workload, Path(folder, workload))
        whole, _ = train(workload, Path(folder, f"{workload}, uninterrupted"))
        difference = max(np.abs(a - b).max(initial=0) for a, b in zip(resumed, whole, strict=True))
        found[workload] = trained, float(difference), len(list(Path(folder, workload).iterdir()))
    return found


def start(*words):
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, __file__, *map(str, words)], env=environment, **pipes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for workload, process in {
        each: start("train", each, folder / each) for each in WORKLOADS
    }.items():
        errors = process.communicate(timeout=180)[1]
        assert process.returncode == -signal.SIGKILL, errors
        [left] = (folder / workload).glob("after-*")
        assert left.name.startswith(f"after-{KILLED_IN}-")
    process = start("finish", folder)
    output, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_killed_training_goes_on_and_ends_bit_for_bit_like_an_uninterrupted_one(
    finished, workload
):
    trained, difference, files = finished[workload]
    assert trained == list(
        range(KILLED_IN, EPOCHS)
    )  # the epoch that was cut off is trained again from its start
    assert difference == 0
    assert files == 1


def test_each_epoch_of_an_uninterrupted_training_draws_anew(tmp_path):
    model, _, _ = mlp()
    orders = [
        np.random.permutation(24).tolist() for _ in resumable_epochs(model, tmp_path, 3, seed=1)
    ]  # noqa: NPY002
    assert orders[0] != orders[1] != orders[2]
    assert list(resumable_epochs(model, tmp_path, 3, seed=1)) == []
    assert list(resumable_epochs(model, tmp_path, 5, seed=1)) == [3, 4]


FAULTS = {
    "another model": "cannot be loaded",
    "another optimizer": "was trained by Adam, got AdamW",
    "half a file": "is damaged",
    "another content": "is damaged",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_does_not_fit_is_refused_and_kept(tmp_path, fault):
    model, _, _ = mlp()
    assert list(resumable_epochs(model, tmp_path, 1, seed=0)) == [0]
    [file] = tmp_path.iterdir()
    if fault == "another model":
        model = build_mlp((8, 8, 1), 3, units=(7,))
        model.compile("adam", "sparse_categorical_crossentropy")
    if fault == "another optimizer":  # with variables of the same shapes
        model.compile("adamw", "sparse_categorical_crossentropy")
    if fault == "half a file":
        os.truncate(file, file.stat().st_size // 2)
    if fault == "another content":
        content = bytearray(file.read_bytes())
        content[content.index(model.get_weights()[0].tobytes())] ^= 1  # the last bit of a weight
        file.write_bytes(content)
    content = file.read_bytes()
    with pytest.raises(
        ValueError, match=rf"after-1-\w+\.weights\.h5 {FAULTS[fault]}(.|\n)*or remove the folder"
    ):
        next(resumable_epochs(model, tmp_path, 2, seed=0))
    assert file.read_bytes() == content


def test_a_model_without_weights_is_refused_before_anything_is_trained(tmp_path):
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match=r"no weights yet: begin it with keras\.Input"):
        next(resumable_epochs(model, tmp_path, 2, seed=0))


def test_a_full_disk_leaves_the_last_whole_epoch(tmp_path, monkeypatch):
    model, _, _ = mlp()

    def full(path, overwrite):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    epochs = resumable_epochs(model, tmp_path, 3, seed=0)
    assert (next(epochs), next(epochs)) == (0, 1)
    monkeypatch.setattr(model, "save_weights", full)
    with pytest.raises(OSError, match="No space left"):
        next(epochs)
    assert [path.name[:8] for path in tmp_path.iterdir()] == ["after-1-"]


def test_an_epoch_is_on_the_disk_before_the_last_one_is_removed(tmp_path, monkeypatch):
    model, _, _ = mlp()
    seen = []
    monkeypatch.setattr(
        os, "fsync", lambda file: seen.append(sorted(path.name[:8] for path in tmp_path.iterdir()))
    )
    list(resumable_epochs(model, tmp_path, 2, seed=0))
    assert seen == [[".part.we"], [".part.we", "after-1-"]]


if __name__ == "__main__":
    set_seed(0, deterministic=True)
    if sys.argv[1] == "train":
        train_until_killed(*sys.argv[2:])
    print(json.dumps(finish(sys.argv[2])))
