"""Convolutions on MNIST: notebook 02 beside the Keras example mnist_convnet, also in PyTorch.

The Keras example: two 3×3 convolutions (32, 64 filters), each with 2×2 max pooling, dropout 0.5,
softmax; Adam, batches of 128, 15 epochs, a tenth held out for validation.
Source: https://keras.io/examples/vision/mnist_convnet/
"""

from loops import (
    accuracy_of,
    begin,
    both_layouts,
    images,
    keras_classifier,
    torch_classifier,
    with_bfloat16,
)
from measure import Trial, compare, notebook_settings, training_flops


def mnist_convnet():
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def keras_example(quick):
    import keras

    x, y, x_test, y_test = images()
    y = keras.utils.to_categorical(y, 10)
    keras.utils.set_random_seed(0)
    trial = Trial(examples=int(0.9 * len(x)))
    model = mnist_convnet()
    trial.judge = accuracy_of(model, x_test, y_test)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x,
        y,
        batch_size=128,
        epochs=1 if quick else 15,
        validation_split=0.1,
        callbacks=[trial.callback()],
        verbose=0,
    )
    trial.flops = training_flops(model)
    return trial


def nnlab_same_model(quick):
    """The network and batches of the Keras example, called as notebook 02 does."""
    begin()
    x, y, _, _ = images()
    x, y = (x[:6000], y[:6000]) if quick else (x, y)
    trial = Trial(examples=len(x))
    return keras_classifier(trial, mnist_convnet(), x, y, 128, 2 if quick else 3)


def nnlab_notebook(epochs, **changed):
    """Notebook 02 on MNIST, with so many epochs, and perhaps other settings."""

    def run(quick):
        from nnlab.models import build_cnn

        settings = notebook_settings("02_cnn_classification") | changed
        begin(settings["SEED"])
        x, y, x_test, y_test = images()
        trial = Trial(examples=int(0.9 * len(x)))
        filters = settings["FILTERS"]
        model = build_cnn((28, 28, 1), 10, filters=filters, shift=settings["DIGITS_SHIFT"])
        trial.judge = accuracy_of(model, x_test, y_test)
        options = {"peak": settings["PEAK_RATE"], "held_out": 0.1}
        return keras_classifier(
            trial, model, x, y, settings["BATCH_SIZE"], 1 if quick else epochs, **options
        )

    return run


def torch_convnet(channels_last):
    def run(quick):
        import torch
        from torch import nn

        x, y, _, _ = images()
        x, y = (x[:6000], y[:6000]) if quick else (x, y)
        x = torch.from_numpy(x).permute(0, 3, 1, 2)  # (images, channels, height, width)
        y = torch.from_numpy(y).long()
        layout = torch.channels_last if channels_last else torch.contiguous_format
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(1600, 10),
        ).to(memory_format=layout)
        x = x.contiguous(memory_format=layout)
        return torch_classifier(Trial(examples=len(x)), model, x, y, 128, 2 if quick else 3)

    return run


CONTESTS = {
    "throughput": both_layouts(nnlab_same_model, torch_convnet),
    "quality": {
        **with_bfloat16(
            {
                "nnlab, 2 epochs, 24-48-96 filters": nnlab_notebook(2, FILTERS=(24, 48, 96)),
                "nnlab, 2 epochs": nnlab_notebook(2),
            }
        ),
        "mnist_convnet, 15 epochs": keras_example,
    },
}

if __name__ == "__main__":
    compare(__file__, CONTESTS)
