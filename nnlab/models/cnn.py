"""Convolutional networks for small images."""

import keras
from keras import layers


def build_cnn(
    input_shape, num_classes, *, filters=(32, 64, 128), units=128, dropout=0.3, shift=0.0
):
    """Return an uncompiled softmax classifier made of 3×3 convolutions.

    input_shape: ``(height, width, channels)``, e.g. ``(28, 28, 1)``. num_classes: number of classes; float
    ``(batch, *input_shape)`` goes in, probabilities ``(batch, num_classes)`` come out.
    filters: number of filters of each convolution, in order; each is followed by batch normalisation and ReLU,
    each but the last is halved by max pooling. The convolutions are named ``conv_1``, ``conv_2``, ….
    units: width of the dense layer before the last; its output is the layer ``features``.
    dropout: fraction set to zero while training, before and after ``features``, in ``[0, 1)``.
    shift: while training, images are moved at random by up to this fraction of their size in each direction.

    Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998); 3×3 filters as in
    Simonyan and Zisserman (2015); batch normalisation: Ioffe and Szegedy (2015).
    """
    inputs = x = keras.Input(input_shape)
    if shift:
        x = layers.RandomTranslation(shift, shift, fill_mode="constant", interpolation="nearest")(x)
    for number, width in enumerate(filters, start=1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{number}")(x)
        if number < len(filters):
            x = layers.MaxPooling2D()(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.Dense(units, activation="relu", name="features")(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(num_classes, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn")
