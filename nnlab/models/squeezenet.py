"""SqueezeNet, a convolutional network for photos that is small enough for a laptop."""

import keras
from keras import layers


def build_squeezenet(image_shape, *, num_classes=None, dropout=0.5):
    """Return an uncompiled SqueezeNet 1.1: of photos it makes feature maps, or probabilities.

    Float ``(batch, *image_shape)`` goes in. Feature maps come out, ``(batch, rows, columns, 512)``
    with about a sixteenth of the height and width; 722,496 parameters. With num_classes, its own
    head follows, and probabilities ``(batch, num_classes)``, float32, come out.

    ``conv1`` and eight fire modules, ``fire2`` to ``fire9``. Of each, ``fire2_squeeze1x1`` leaves
    few channels; ``fire2_expand1x1`` and ``fire2_expand3x3`` make many of them again, and
    ``fire2`` joins these. Published weights are those of ``nnlab.datasets.load_weights``, which
    also says what they expect of a photo.

    image_shape: ``(height, width, channels)``, both sides at least 31, e.g. ``(192, 192, 3)``.
    num_classes: of its own head, a 1×1 convolution and the mean over all places; None: no head.
    dropout: fraction set to zero before that head while training, in ``[0, 1)``.

    Raises ValueError for an image_shape that is none, or too small.

    Source: Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and
    <0.5MB model size" (2016); version 1.1, with smaller first filters and earlier pooling, from the
    authors' repository. No padding in ``conv1`` and the poolings, as in the Keras port whose
    weights are published.
    """
    if len(image_shape) != 3 or None in image_shape or min(image_shape[:2]) < 31:
        raise ValueError(
            "image_shape must be (height, width, channels), both sides at least 31, "
            f"got {image_shape}: enlarge the images"
        )

    def fire(x, number, squeezed, expanded):
        name = f"fire{number}"
        options = {"activation": "relu", "padding": "same"}
        x = layers.Conv2D(squeezed, 1, name=f"{name}_squeeze1x1", **options)(x)
        one = layers.Conv2D(expanded, 1, name=f"{name}_expand1x1", **options)(x)
        three = layers.Conv2D(expanded, 3, name=f"{name}_expand3x3", **options)(x)
        return layers.Concatenate(name=name)([one, three])  # (batch, rows, columns, 2 * expanded)

    inputs = keras.Input(image_shape)
    x = layers.Conv2D(64, 3, strides=2, activation="relu", name="conv1")(inputs)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)  # a quarter of height and width
    x = fire(x, 2, squeezed=16, expanded=64)
    x = fire(x, 3, squeezed=16, expanded=64)
    x = layers.MaxPooling2D(3, strides=2, name="pool3")(x)  # an eighth
    x = fire(x, 4, squeezed=32, expanded=128)
    x = fire(x, 5, squeezed=32, expanded=128)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)  # a sixteenth
    x = fire(x, 6, squeezed=48, expanded=192)
    x = fire(x, 7, squeezed=48, expanded=192)
    x = fire(x, 8, squeezed=64, expanded=256)
    x = fire(x, 9, squeezed=64, expanded=256)
    if num_classes is not None:
        x = layers.Dropout(dropout)(x)
        x = layers.Conv2D(int(num_classes), 1, activation="relu", name="conv10")(x)
        x = layers.GlobalAveragePooling2D()(x)  # (batch, num_classes)
        x = layers.Softmax(dtype="float32")(x)
    return keras.Model(inputs, x, name="squeezenet")
