"""Dense layers on MNIST: notebook 01 beside the introductory Keras program, also in PyTorch.

The Keras program: Flatten, Dense(128, relu), Dense(10, softmax), Adam, batches of 128, 10 epochs, a
tenth held out for validation.
Sources: https://www.tensorflow.org/datasets/keras_example (layers, optimizer, batch size) and
https://www.tensorflow.org/tutorials/quickstart/beginner (the same network).
"""

import os

from loops import accuracy_of, begin, images, keras_classifier, torch_classifier
from measure import Trial, compare, notebook_settings, training_flops


def introductory_model():
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def keras_program(quick, *, judged=True):
    import keras

    x, y, x_test, y_test = images()
    keras.utils.set_random_seed(0)
    held_out = 0.1 if judged else 0.0
    trial = Trial(examples=int((1 - held_out) * len(x)))
    model = introductory_model()
    trial.judge = accuracy_of(model, x_test, y_test) if judged else None
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    epochs = (2 if quick else 10) if judged else 4
    model.fit(
        x,
        y,
        batch_size=128,
        epochs=epochs,
        validation_split=held_out,
        callbacks=[trial.callback()],
        verbose=0,
    )
    trial.flops = training_flops(model)
    return trial


def nnlab_same_model(quick, **options):
    """The network and batches of the Keras program, called as notebook 01 does.

    options: for ``compile``. XLA can be tried where there is no dropout: its random numbers are
    slow on a CPU.
    """
    from nnlab.models import build_mlp

    begin()
    x, y, _, _ = images()
    trial = Trial(examples=len(x))
    model = build_mlp((28, 28, 1), 10, units=(128,))
    return keras_classifier(
        trial, model, x, y, 128, 2 if quick else 6, steps_per_execution=469, **options
    )


def nnlab_notebook(epochs, **changes):
    """Notebook 01, with so many epochs, and with changes in its settings."""

    def run(quick):
        from nnlab.models import build_mlp

        settings = notebook_settings("01_mnist_mlp") | changes
        begin(settings["SEED"])
        x, y, x_test, y_test = images()
        batch_size = settings["BATCH_SIZE"]
        rounds = 1 if quick else epochs
        trial = Trial(examples=int(0.9 * len(x)))
        model = build_mlp((28, 28, 1), 10, units=settings["UNITS"], dropout=settings["DROPOUT"])
        trial.judge = accuracy_of(model, x_test, y_test)
        options = {
            "peak": settings["PEAK_RATE"],
            "held_out": 0.1,
            "steps_per_execution": -(-trial.examples // batch_size),
        }
        return keras_classifier(trial, model, x, y, batch_size, rounds, **options)

    return run


def on_jax(contestant):
    """Return the same contestant on JAX, chosen as a reader would: before Keras is imported."""

    def run(quick):
        os.environ["KERAS_BACKEND"] = "jax"
        return contestant(quick)

    return run


def torch_model():
    import torch
    from torch import nn

    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def torch_loader(quick):
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x, y, _, _ = images()
    model = torch_model()
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loader = DataLoader(
        TensorDataset(torch.from_numpy(x), torch.from_numpy(y).long()), 128, shuffle=True
    )
    trial = Trial(examples=len(x))
    for _ in range(2 if quick else 6):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss_of(model(inputs), targets).backward()
            optimizer.step()
        trial.round_ends()
    return trial


def torch_indexed(quick):
    import torch

    x, y, _, _ = images()
    x = torch.from_numpy(x)
    y = torch.from_numpy(y).long()
    return torch_classifier(Trial(examples=len(x)), torch_model(), x, y, 128, 2 if quick else 6)


CONTESTS = {
    "throughput": {
        "nnlab": nnlab_same_model,
        "nnlab, jit_compile": lambda quick: nnlab_same_model(quick, jit_compile=True),
        "nnlab, JAX backend": on_jax(nnlab_same_model),
        "PyTorch, tensors indexed": torch_indexed,
        "PyTorch, DataLoader": torch_loader,
        "Keras program": lambda quick: keras_program(quick, judged=False),
    },
    "quality": {
        "nnlab, 2 epochs, 256-128 units": nnlab_notebook(
            2, UNITS=(256, 128), DROPOUT=0.1, BATCH_SIZE=128, PEAK_RATE=4e-3
        ),
        "nnlab, 3 epochs": nnlab_notebook(3),
        "nnlab, 3 epochs, JAX backend": on_jax(nnlab_notebook(3)),
        "nnlab, 10 epochs": nnlab_notebook(10),
        "Keras program, 10 epochs": keras_program,
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
