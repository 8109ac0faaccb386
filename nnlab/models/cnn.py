"""Convolutional networks for small images."""

import keras
from keras import layers


def build_cnn(
    image_shape, num_classes, *, filters=(32, 64, 128), units=(128,), dropout=0.3, shift=0.0
):
    """Return an uncompiled softmax classifier made of 3×3 convolutions.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, num_classes)``, float32, come
    out. Each convolution, ``conv_1``, ``conv_2``, …, is followed by 2×2 max pooling (but the last
    is not), batch normalization and ReLU, ``relu_1``, ``relu_2``, …. What the classifying layer at
    the end reads is the layer ``features``: the last of the hidden dense layers, or the flattened
    feature maps where there are none.

    image_shape: ``(height, width, channels)``, e.g. ``(28, 28, 1)``.
    num_classes: number of classes.
    filters: number of filters of each convolution, in order.
    units: width of each hidden dense layer, in order; each is followed by ReLU.
    dropout: fraction set to zero while training, before the first dense layer and after each hidden
        one, in ``[0, 1)``.
    shift: while training, images are moved at random by up to this fraction of their size in each
        direction.

    Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998); 3×3
    filters as in Simonyan and Zisserman (2015); batch normalization: Ioffe and Szegedy (2015).
    """
    inputs = x = keras.Input(image_shape)
    if shift:
        move = layers.RandomTranslation(shift, shift, fill_mode="constant", interpolation="nearest")
        # Nothing moves when the model is just called; fit calls it with training=True.
        x = move(x, training=False)
    for number, width in enumerate(filters, start=1):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{number}")(x)
        if number < len(filters):
            # Max pooling and ReLU give the same in either order. Pooled first, there is
            # only a quarter of the numbers left to normalize (as maxima).
            x = layers.MaxPooling2D()(x)  # half of height and width
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.Flatten(name=None if units else "features")(x)  # (batch, places)
    x = layers.Dropout(dropout)(x)
    for number, width in enumerate(map(int, units), start=1):
        name = "features" if number == len(units) else None
        x = layers.Dense(width, activation="relu", name=name)(x)  # (batch, width)
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_classes), activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn")
