"""The data, the beginning and the training of both sides.

Keras is called as nnlab's notebooks call it, PyTorch as one writes it by hand.
"""

import math
from pathlib import Path

import numpy as np
from measure import Trial, training_flops

from nnlab.datasets import load_images, load_text
from nnlab.text import Vocabulary


def images():
    """Return MNIST as x, y, x_test, y_test: float32 in 0..1 and digits."""
    data = load_images("mnist")
    return data.x_train / np.float32(255), data.y_train, data.x_test / np.float32(255), data.y_test


def texts():
    """Return the vocabulary of Tiny Shakespeare, and its ids: nine tenths to train on, the rest."""
    text = load_text("tiny_shakespeare").text
    vocabulary = Vocabulary.from_text(text)
    train, held_out = np.split(vocabulary.encode(text), [int(0.9 * len(text))])
    return vocabulary, train, held_out


def accuracy_of(model, x, y):
    """Return what computes the share of images that the model names rightly."""
    return lambda: float(np.mean(model.predict(x, batch_size=1000, verbose=0).argmax(axis=1) == y))


def begin(seed=0):
    """Do what every notebook does first."""
    from nnlab import notebook
    from nnlab.training import set_seed

    notebook.begin()
    set_seed(seed)


def with_bfloat16(contestants):
    """Return contestants, each followed by itself in bfloat16 where the processor multiplies it.

    Linux tells; Keras, which every contestant's process would then hold, is not asked.
    """
    about = Path("/proc/cpuinfo")
    flags = about.read_text().split() if about.exists() else []
    multiplies = not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)

    def in_bfloat16(contestant):
        def run(quick):
            import keras

            keras.config.set_dtype_policy("mixed_bfloat16")
            return contestant(quick)

        return run

    found = {}
    for name, contestant in contestants.items():
        found[name] = contestant
        if multiplies:
            found[f"{name}, bfloat16"] = in_bfloat16(contestant)
    return found


def count_weights(variables):
    """Return how many numbers are in variables of Keras or parameters of PyTorch."""
    return sum(math.prod(each.shape) for each in variables)


def keras_classifier(trial, model, x, y, batch_size, epochs, *, peak=None, held_out=0.0, **options):
    """Train a classifier as notebooks 01 and 02 do, and return the trial.

    peak: the largest learning rate of a warm-up and cosine; None for Adam's usual rate throughout.
    held_out: share of the images kept for validation.
    options: for ``compile``.
    """
    import keras

    from nnlab.training import warmup_cosine

    steps = epochs * int(np.ceil((1 - held_out) * len(x) / batch_size))
    optimizer = keras.optimizers.Adam(warmup_cosine(peak, steps)) if peak else "adam"
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    model.fit(
        x,
        y,
        batch_size=batch_size,
        epochs=epochs,
        validation_split=held_out,
        callbacks=[trial.callback()],
        verbose=0,
    )
    trial.flops = training_flops(model)
    return trial


def torch_classifier(trial, model, x, y, batch_size, rounds):
    """Train a network that returns logits (…, classes), and return the trial.

    x, y: shuffled tensors in memory, images or texts.
    """
    import torch

    cross_entropy = torch.nn.CrossEntropyLoss()

    def loss_of(logits, targets):
        return cross_entropy(logits.flatten(0, -2), targets.flatten())

    return torch_training(trial, model, loss_of, x, y, batch_size, rounds)


def torch_training(trial, model, loss_of, x, y, batch_size, rounds, *, clip=math.inf):
    """Train a network of PyTorch by Adam, and return the trial.

    loss_of: function of what the network answers, and of the part of y that belongs to it.
    clip: the largest norm of all gradients together.
    """
    import torch

    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(rounds):
        for chosen in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss_of(model(x[chosen]), y[chosen]).backward()
            if clip < math.inf:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
        trial.round_ends()
    return trial


def torch_maps(build, loss_of, x, y, batch_size, rounds, *, channels_last):
    """Train a network of PyTorch that makes maps of images, and return the trial.

    build: function that returns the network.
    x, y: arrays (n, height, width, channels), as Keras takes them.
    channels_last: whether they stay so in memory.
    """
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    x, y = (torch.from_numpy(array).permute(0, 3, 1, 2) for array in (x, y))
    x, y = (tensor.contiguous(memory_format=layout) for tensor in (x, y))
    torch.manual_seed(0)
    model = build().to(memory_format=layout)
    trial = Trial(examples=len(x), facts={"weights": count_weights(model.parameters())})
    return torch_training(trial, model, loss_of, x, y, batch_size, rounds)


def both_layouts(nnlab, peer):
    """Return contestants: nnlab's, and its peer in PyTorch's two layouts of images.

    peer: function that takes ``channels_last`` and returns a contestant.
    """
    return {
        "nnlab": nnlab,
        "PyTorch": peer(channels_last=False),
        "PyTorch, channels last": peer(channels_last=True),
    }
