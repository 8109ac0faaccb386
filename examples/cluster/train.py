"""Train a small network in as many processes as are started, each on its share of every batch.

One program for three launchers; each of these lines trains the same network:

    nnlab launch --processes 2 -- python train.py history.json
    srun --ntasks=2 --kill-on-bad-exit=1 python train.py history.json
    mpirun -np 2 python train.py history.json
"""

import json
import os
import sys
from pathlib import Path

if len(sys.argv) != 2:
    sys.exit("usage: python train.py HISTORY, a file for the losses, such as history.json")

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers

from nnlab.datasets import load_images
from nnlab.training import join_processes

HISTORY = Path(sys.argv[1])
SEED = 0
BATCH_SIZE = 64  # of all processes together; a multiple of their number
EPOCHS = 5

process, count = join_processes()  # from here on, an error ends this process at once
if BATCH_SIZE % count:
    raise ValueError(f"{count} processes cannot share a batch of {BATCH_SIZE} evenly")

# Every process holds all weights, and the gradients are averaged over all of them.
keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
keras.utils.set_random_seed(SEED)  # the same weights everywhere

data = load_images("digits")
x = data.x_train / np.float32(255)  # (images, 28, 28, 1)
y = data.y_train
steps = len(x) // BATCH_SIZE  # a last, smaller batch is left out

model = keras.Sequential(
    [
        keras.Input(data.image_shape),
        layers.Conv2D(16, 3, strides=2, activation="gelu"),
        layers.Conv2D(32, 3, strides=2, activation="gelu"),
        layers.Flatten(),
        layers.Dense(data.num_classes, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)

history = {"processes": count, "loss": [], "accuracy": []}
for epoch in range(EPOCHS):
    # All draw the same order, cut it into the same batches, and read their part of each.
    order = np.random.default_rng([SEED, epoch]).permutation(len(x))[: steps * BATCH_SIZE]
    rows = order.reshape(steps, count, -1)[:, process].ravel()
    logs = model.fit(
        x[rows],
        y[rows],
        batch_size=BATCH_SIZE // count,
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,
        verbose=2 if process == 0 else 0,
    ).history
    history["loss"] += logs["loss"]
    history["accuracy"] += logs["accuracy"]

if process == 0:
    HISTORY.write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
