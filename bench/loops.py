"""How both sides train: Keras as nnlab's notebooks call it, PyTorch as one writes it by hand."""

import numpy as np
from measure import training_flops


def begin(seed=0):
    """Do what every notebook does first."""
    from nnlab.training import disable_autotune, set_seed

    disable_autotune()
    set_seed(seed)


def warmup_cosine(peak, steps):
    """Return the learning rate of notebooks 01 to 03: it rises for a tenth of the steps, then falls along a cosine."""
    import keras

    warmup = steps // 10
    return keras.optimizers.schedules.CosineDecay(
        peak / 10, steps - warmup, warmup_target=peak, warmup_steps=warmup
    )


def keras_classifier(trial, model, x, y, batch_size, epochs, *, peak=None, held_out=0.0, **options):
    """Train a classifier as notebooks 01 and 02 do; without a peak, at Adam's usual learning rate.

    held_out: share of the images kept for validation. options: for ``compile``.
    """
    import keras

    steps = epochs * int(np.ceil((1 - held_out) * len(x) / batch_size))
    optimizer = keras.optimizers.Adam(warmup_cosine(peak, steps)) if peak else "adam"
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    model.fit(
        x, y, batch_size, epochs, validation_split=held_out, callbacks=[trial.callback()], verbose=0
    )
    trial.flops = training_flops(model)
    return trial


def torch_classifier(trial, model, x, y, batch_size, rounds):
    """Train a network that returns logits (…, classes), for images or for texts, with shuffled tensors in memory."""
    import torch

    loss_of, optimizer = (
        torch.nn.CrossEntropyLoss(),
        torch.optim.Adam(model.parameters(), fused=True),
    )
    for _ in range(rounds):
        for chosen in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            loss_of(model(x[chosen]).flatten(0, -2), y[chosen].flatten()).backward()
            optimizer.step()
        trial.round_ends()
    return trial
