"""Multilayer perceptrons: nothing but dense layers."""

import keras
from keras import layers


def build_mlp(image_shape, num_classes, *, units=(128,), dropout=0.0):
    """Return an uncompiled softmax classifier made of dense layers.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, num_classes)``, float32, come
    out.

    image_shape: shape of one example without the batch, e.g. ``(28, 28, 1)``; it is flattened.
    num_classes: number of classes.
    units: width of each hidden layer, in order; each is followed by ReLU and dropout.
    dropout: fraction of hidden values set to zero while training, in ``[0, 1)``.

    Source: Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 6; dropout as in
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting" (2014).
    """
    inputs = keras.Input(image_shape)
    x = layers.Flatten()(inputs)  # (batch, pixels)
    for width in map(int, units):  # Keras refuses NumPy's integers
        x = layers.Dense(width, activation="relu")(x)  # (batch, width)
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_classes), activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mlp")
