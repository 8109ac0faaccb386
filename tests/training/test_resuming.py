"""Training that is killed goes on after the last whole epoch, and ends as if nothing had happened.

This file is also a program. ``python test_resuming.py FOLDER`` starts trainings that are killed on
their way, takes up what they left there, and compares the end with that of a training that nothing
interrupted. Of other trainings it takes up a copy of what lies on the disk in the middle of them:
that is what they would leave if they were killed there, and one need not start them twice.
"""

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from nnlab import training
from nnlab.models import (
    DCGAN,
    build_char_rnn,
    build_cnn,
    build_discriminator,
    build_generator,
    build_mlp,
)
from nnlab.training import ResetStates, ResumeTraining, SampleSnapshots, set_seed

EPOCHS = 5
KILLED_IN = 2
RNG = np.random.default_rng(0)
IMAGES = RNG.random((24, 8, 8, 1)).astype("float32")
LABELS = np.arange(24) % 3
LOSS = "sparse_categorical_crossentropy"
# To trace a small training takes TensorFlow longer than all its steps, an operation at a time.
STEP_BY_STEP = {"run_eagerly": keras.backend.backend() == "tensorflow"}


def mlp(folder):
    model = build_mlp((8, 8, 1), 3, units=(6,), dropout=0.4)
    model.compile("adam", LOSS)
    return model, {"x": IMAGES, "y": LABELS}, []


def augmented_cnn(folder):
    model = build_cnn((8, 8, 1), 3, filters=(2, 3), dropout=0.4, shift=0.2)
    steps = {"steps_per_execution": training.steps_at_once(2)}
    model.compile(keras.optimizers.AdamW(1e-2), LOSS, **steps)
    return model, {"x": IMAGES, "y": LABELS}, []


def in_16_bits(folder):
    keras.config.set_dtype_policy("mixed_float16")
    model = mlp(folder)[0]
    model.compile("rmsprop", LOSS)  # which Keras puts into a LossScaleOptimizer
    keras.config.set_dtype_policy("float32")
    return model, {"x": IMAGES, "y": LABELS}, []


def stateful_rnn(folder):
    model = build_char_rnn(5, units=(4,), embedding_dim=3, dropout=0.4, batch_size=8)
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    ids = np.random.default_rng(0).integers(0, 5, (24, 7))
    return model, {"x": ids[:, :-1], "y": ids[:, 1:], "shuffle": False}, [ResetStates()]


def rnn_that_goes_on(folder):
    model, data, _ = stateful_rnn(folder)
    return model, data, []  # its state is handed on from epoch to epoch


def nested_rnn_that_goes_on(folder):
    inner, data, _ = stateful_rnn(folder)
    model = keras.Sequential([keras.Input(batch_shape=inner.input_shape), inner])
    model.compile("rmsprop", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model, data, []


def gan(folder):
    generator = build_generator((28, 28, 1), 4, filters=(3, 2))
    model = DCGAN(generator, build_discriminator((28, 28, 1), filters=(2, 3)), seed=0)
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 12)
    model.compile(generator_optimizer=keras.optimizers.Adam(rate), discriminator_optimizer="adam")
    noise = np.ones((2, 4), "float32")
    images = np.random.default_rng(0).uniform(-1, 1, (24, 28, 28, 1)).astype("float32")
    snapshots = SampleSnapshots(lambda: model.generator.predict(noise, verbose=0))
    return model, {"x": images}, [snapshots]


def averaged_gan(folder):
    """Weights and averages change places with each epoch; snapshots count steps across epochs."""
    generator = build_generator((28, 28, 1), 4, num_classes=3, filters=(3, 2))
    discriminator = build_discriminator((28, 28, 1), num_classes=3, filters=(2, 3))
    model = DCGAN(generator, discriminator, seed=0)
    average = keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.9)
    model.compile(generator_optimizer=average, discriminator_optimizer="adam")
    inputs = [np.ones((2, 4), "float32"), np.arange(2)]
    images = np.random.default_rng(0).uniform(-1, 1, (24, 28, 28, 1)).astype("float32")
    snapshots = SampleSnapshots(lambda: generator.predict(inputs, verbose=0), steps=[2, 7, 8, 11])
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    return model, {"x": images, "y": LABELS}, [swap, snapshots]


class Score(keras.callbacks.Callback):
    """A metric that is best in epoch 0."""

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = min(epoch, 1)


def watched(folder):
    """Callbacks that act: the rate falls before the kill and after it, training stops early."""
    model = build_mlp((8, 8, 1), 3, units=(6,), dropout=0.4)
    model.compile(keras.optimizers.SGD(0.5), LOSS)
    watch = {"monitor": "score", "mode": "min"}
    callbacks = [
        Score(),
        keras.callbacks.ReduceLROnPlateau(**watch, patience=1, cooldown=2, factor=0.5),
        keras.callbacks.EarlyStopping(**watch, patience=3, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(Path(folder, "best.keras"), save_best_only=True, **watch),
    ]
    return model, {"x": IMAGES, "y": LABELS}, callbacks


class OwnOrder(keras.utils.PyDataset):
    """Batches in an order that is drawn as each epoch begins; fit shuffles them once more."""

    def __len__(self):
        return 3

    def on_epoch_begin(self):
        self.order = np.random.permutation(24).reshape(3, 8)  # noqa: NPY002, what is seeded

    def __getitem__(self, index):
        rows = getattr(self, "order", np.arange(24).reshape(3, 8))[index]
        return IMAGES[rows], LABELS[rows]


def own_order(folder):
    return mlp(folder)[0], {"x": OwnOrder(), "shuffle": True}, []


KILLED = {"killed in mid-epoch": mlp, "killed while saving": mlp}
COPIED = {
    each.__name__: each
    for each in (
        augmented_cnn,
        in_16_bits,
        stateful_rnn,
        rnn_that_goes_on,
        nested_rnn_that_goes_on,
        gan,
        averaged_gan,
        watched,
        own_order,
    )
}
WORKLOADS = KILLED | COPIED


def what_it_knows(callback):
    names = ("wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter", "samples")
    return {name: getattr(callback, name) for name in names if hasattr(callback, name)}


def train(workload, folder, *, extra=()):
    """Train in the folder, from wherever it was left; return all that should be the same."""
    set_seed(5)
    model, data, callbacks = WORKLOADS[workload](folder)
    trained = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: trained.append(epoch))
    resume = ResumeTraining(Path(folder, "run"), seed=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*goes on with its learning rate")
        history = model.fit(
            **data,
            epochs=EPOCHS,
            batch_size=None if isinstance(data["x"], keras.utils.PyDataset) else 8,
            callbacks=[resume, *callbacks, watch, *extra],  # first, to show that order is free
            verbose=0,
        )
    variables = [*model.weights, *model.optimizer.variables]
    return {
        "trained": trained,
        "variables": [keras.ops.convert_to_numpy(each) for each in variables],
        "history": {"epoch": history.epoch, **history.history},
        "callbacks": list(map(what_it_knows, callbacks)),
        "random": np.random.rand(),  # noqa: NPY002, what comes after training is the same, too
    }


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def in_mid_epoch(act):
    """Return a callback that acts after the second batch of an epoch."""

    class Act(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if self.epoch == KILLED_IN and batch == 1:
                act()

    return Act()


def train_until_killed(workload, folder):
    """Train in a process of its own; return how it ended, and how many epochs can be read then.

    It is a copy of this one, which saves to import Keras again: that must not have begun to compute
    anything, because threads are not copied.
    """
    process = os.fork()
    if process == 0:
        prepare()
        if workload == "killed while saving":
            Path.replace = cut_short_and_killed
            train(workload, folder)
        else:
            train(workload, folder, extra=[in_mid_epoch(kill)])
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return ended, epochs_in(folder)


def epochs_in(folder):
    return len(ResumeTraining(Path(folder, "run"), seed=0).history.get("loss", []))


def cut_short_and_killed(path, target, replace=Path.replace):
    if epochs_in(path.parents[1]) == KILLED_IN:
        os.truncate(path, path.stat().st_size // 2)
        kill()
    return replace(path, target)


def interrupt():
    raise KeyboardInterrupt


def prepare():
    warnings.simplefilter("error", UserWarning)
    set_seed(0, deterministic=True)
    training.reshuffle_each_epoch()
    training.keep_recurrent_state()  # as begin() does
    training.copy_averaged_weights()


def steps_of(callbacks):
    """Return the steps after which samples were taken, of what callbacks hold."""
    samples = itertools.chain.from_iterable(each.get("samples", []) for each in callbacks)
    return [step for step, _ in samples]


def finish(folder):
    """Return for each workload which epochs were trained in the end, and whether it ended alike."""
    folder = Path(folder)
    killed = {workload: train_until_killed(workload, folder / workload) for workload in KILLED}
    prepare()
    uninterrupted = {mlp: train("killed in mid-epoch", folder / "uninterrupted")}
    found = {}
    for workload, build in WORKLOADS.items():
        if workload in COPIED:
            uninterrupted[build] = train_and_copy(workload, folder / workload)
        whole = uninterrupted[build]
        resumed = train(workload, folder / workload)
        again = train(workload, folder / workload)
        ends = whole.keys() - {"trained"}
        found[workload] = {
            "killed": killed.get(workload),
            "trained": [run["trained"] for run in (whole, resumed, again)],
            "alike": {name: same(resumed[name], whole[name]) for name in ends},
            "alike again": {name: same(again[name], whole[name]) for name in ends},
            "files": sorted(each.name for each in Path(folder, workload, "run").iterdir()),
            "rates": resumed["history"].get("learning_rate"),
            "steps": steps_of(resumed["callbacks"]),
        }
    return found


def train_and_copy(workload, copy):
    """Train with nothing that interrupts; leave in ``copy`` what a kill would have left."""
    folder = copy.with_name(f"{copy.name}, uninterrupted")
    return train(workload, folder, extra=[in_mid_epoch(lambda: shutil.copytree(folder, copy))])


def same(a, b):
    """Whether two nested values are the same, bit for bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = subprocess.run(
        [sys.executable, __file__, tmp_path_factory.mktemp("runs")],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("workload", WORKLOADS)
def test_a_killed_training_goes_on_and_ends_bit_for_bit_like_an_uninterrupted_one(
    finished, workload
):
    found = finished[workload]
    if workload in KILLED:
        assert found["killed"] == [-signal.SIGKILL, KILLED_IN]
    whole, resumed, again = found["trained"]
    assert whole == list(range(EPOCHS - 1 if workload == "watched" else EPOCHS))
    assert resumed == whole[KILLED_IN:]  # what was cut off is trained again from its start
    assert all(found["alike"].values()), found["alike"]
    assert again == []  # what is finished is not trained again
    assert all(found["alike again"].values()), found["alike again"]
    assert found["files"] == ["training.npz"]


def test_snapshots_after_steps_are_counted_on_from_where_training_was_cut_off(finished):
    assert finished["averaged_gan"]["steps"] == [0, 2, 7, 8, 11, 15]


def test_callbacks_act_and_what_they_know_survives(finished):
    rates = finished["watched"]["rates"]
    assert rates == [0.5, 0.5, 0.25, 0.25]  # lowered after epoch 1, and then not for two epochs


def fit(callback, *, epochs, model=None, rate=0.1, **options):
    """Train a small model with the callback; return the model and the epochs that were trained."""
    if model is None:
        keras.utils.set_random_seed(0)
        model = build_mlp((8, 8, 1), 3, units=(4,), dropout=0.5)
        model.compile(keras.optimizers.SGD(rate), LOSS, **STEP_BY_STEP)
    trained = []
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: trained.append(epoch))
    callbacks = [callback, watch, *options.pop("also", [])]
    model.fit(IMAGES, LABELS, epochs=epochs, callbacks=callbacks, verbose=0, **options)
    return model, trained


def test_a_training_goes_on_when_more_epochs_are_asked_for(helper, tmp_path):
    resume = helper(ResumeTraining)(tmp_path / "a" / "b", seed=0)
    assert resume.history == {}
    assert fit(resume, epochs=2)[1] == [0, 1]
    model, trained = fit(helper(ResumeTraining)(tmp_path / "a" / "b", seed=0), epochs=4)
    assert trained == [2, 3]
    assert model.history.epoch == [0, 1, 2, 3]
    assert model.history.history == resume.history
    assert list(map(len, resume.history.values())) == [4]


def test_the_next_fit_of_the_model_is_a_training_of_its_own(helper, tmp_path):
    resume = helper(ResumeTraining)(tmp_path, seed=0)
    model, _ = fit(resume, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        fit(resume, epochs=4, model=model, also=[in_mid_epoch(interrupt)], batch_size=8)
    assert fit(keras.callbacks.Callback(), epochs=2, model=model)[1] == [0, 1]


def test_each_epoch_draws_other_numbers_which_depend_on_seed_and_epoch_alone(helper, tmp_path):
    def drawn(seed, epochs):
        numbers = []
        look = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: numbers.append((random.random(), np.random.rand()))  # noqa: NPY002
        )
        for count in epochs:
            fit(helper(ResumeTraining)(tmp_path / str(seed), seed=seed), epochs=count, also=[look])
        return numbers

    first = drawn(1, [5])
    second = drawn(2, [2, 5])
    assert len(set(first) | set(second)) == 10  # not even those of neighbouring seeds are alike
    assert drawn(1, [5]) == []
    Path(tmp_path, "1", "training.npz").unlink()
    assert drawn(1, [4, 5]) == first


def test_of_several_processes_only_the_one_that_may_writes_and_all_read(helper, tmp_path):
    one = helper(ResumeTraining)(tmp_path, seed=0)
    other = helper(ResumeTraining)(tmp_path, seed=0, save=False)
    assert fit(other, epochs=2)[1] == [0, 1]
    assert list(tmp_path.iterdir()) == []
    fit(one, epochs=2)
    assert fit(other, epochs=3)[1] == [2]
    assert len(one.history["loss"]) == 2


def test_a_stored_learning_rate_that_replaces_the_one_given_is_named(helper, tmp_path):
    fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=1, rate=0.25)
    fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=2, rate=0.25)  # the same: no warning
    with pytest.warns(
        UserWarning, match=r"goes on with its learning rate 0\.25, not with the 0\.5"
    ):
        model, _ = fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=3, rate=0.5)
    assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == 0.25


def test_weights_that_are_not_finite_do_not_replace_good_ones(helper, tmp_path):
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                self.model.set_weights([np.full_like(each, np.nan) for each in good])

    good = fit(keras.callbacks.Callback(), epochs=0)[0].get_weights()
    with pytest.warns(
        UserWarning, match=r"after epoch 2 not all weights are finite: .*training\.npz"
    ):
        fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=2, also=[Break()])
    model, trained = fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=2)
    assert trained == [1]
    assert all(np.isfinite(each).all() for each in model.get_weights())


def test_what_is_neither_text_nor_numbers_is_named_and_never_pickled(helper, tmp_path):
    class Trap:
        def __reduce__(self):
            raise AssertionError("pickled")

    traps = SampleSnapshots(Trap)
    texts = SampleSnapshots(lambda: {"text": "ab", "array": np.eye(2), "number": np.float32(0.1)})
    resume = helper(ResumeTraining)(tmp_path, seed=0)
    with pytest.warns(UserWarning, match=r"SampleSnapshots\.samples is not stored: it holds Trap"):
        fit(resume, epochs=1, also=[traps, texts])
    about, arrays = resume.read()
    [start, end] = resume.unpacked(about["callbacks"]["SampleSnapshots 1"]["samples"], arrays)
    assert (start[0], end[0]) == (0, 1)
    assert end[1]["text"] == "ab"
    np.testing.assert_array_equal(end[1]["array"], np.eye(2))
    assert end[1]["number"] == np.float32(0.1)
    assert "samples" not in about["callbacks"]["SampleSnapshots 0"]


FAULTS = {
    "another model": r"cannot be loaded into this model: variable 0 is float32 \(64, 4\) there",
    "fewer layers": "cannot be loaded into this model: variable 2 is",
    "another optimizer": "was trained by SGD, got Adam",
    "half a file": "is damaged",
    "another content": "is damaged",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_does_not_fit_is_refused_and_kept(helper, tmp_path, fault):
    resume = helper(ResumeTraining)(tmp_path, seed=0)
    model, _ = fit(resume, epochs=1)
    [file] = tmp_path.iterdir()
    content = file.read_bytes()
    if fault in ("another model", "fewer layers"):
        model = build_mlp((8, 8, 1), 3, units=(4, 4) if fault == "fewer layers" else (7,))
        model.compile("sgd", LOSS)
    if fault == "another optimizer":
        model.compile("adam", LOSS)
    if fault == "half a file":
        content = content[: len(content) // 2]
    if fault == "another content":
        at = content.index(model.get_weights()[0].tobytes())
        content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]  # a weight's last bit
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"training\.npz {FAULTS[fault]}.*or remove the folder"):
        fit(resume, epochs=2, model=model)
    assert file.read_bytes() == content


def test_a_wrong_byte_is_noticed_wherever_it_is(helper, tmp_path):
    resume = helper(ResumeTraining)(tmp_path, seed=0)
    fit(resume, epochs=1)
    good = resume.path.read_bytes()
    for at in range(0, len(good), 23):
        resume.path.write_bytes(good[:at] + bytes([good[at] ^ 64]) + good[at + 1 :])
        with pytest.raises(ValueError, match=r"training\.npz is damaged"):
            resume.read()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="fit builds the model itself")
def test_a_model_without_weights_is_refused_before_anything_is_trained(helper, tmp_path):
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)])
    model.compile("sgd", LOSS)
    with pytest.raises(ValueError, match=r"no weights yet: begin it with keras\.Input"):
        fit(helper(ResumeTraining)(tmp_path, seed=0), epochs=1, model=model)
    assert not model.built


def test_it_says_where_it_belongs(helper, tmp_path):
    model, _ = fit(keras.callbacks.Callback(), epochs=0)
    with pytest.raises(TypeError, match=r"in fit\(callbacks=\[…\]\) only"):
        helper(ResumeTraining)(tmp_path, seed=0).set_model(model)


def test_a_full_disk_leaves_the_last_whole_epoch(helper, tmp_path, monkeypatch):
    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    resume = helper(ResumeTraining)(tmp_path, seed=0)
    fit(resume, epochs=1)
    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        fit(resume, epochs=3)
    assert [each.name for each in tmp_path.iterdir()] == ["training.npz"]
    assert len(resume.history["loss"]) == 1


def test_an_epoch_is_on_the_disk_before_the_last_one_is_replaced(helper, tmp_path, monkeypatch):
    def look(file):
        parts = [each for each in tmp_path.iterdir() if each.suffix == ".part"]
        seen.append((len(parts), len(resume.history.get("loss", []))))

    seen = []
    resume = helper(ResumeTraining)(tmp_path, seed=0)
    monkeypatch.setattr(os, "fsync", look)
    fit(resume, epochs=3)
    assert seen == [(1, 0), (1, 1), (1, 2)]


if __name__ == "__main__":
    print(json.dumps(finish(sys.argv[1])))
