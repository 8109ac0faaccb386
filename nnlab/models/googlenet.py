"""GoogLeNet, whose modules look at their input in four ways at once."""

import keras
from keras import layers


def build_googlenet(
    image_shape, num_classes, *, width=1.0, small=False, normalize=True, dropout=0.4
):
    """Return an uncompiled GoogLeNet, a softmax classifier.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, num_classes)``, float32, come
    out. After the stem come nine inception modules, ``inception_3a`` to ``inception_5b``, each the
    concatenation of four branches: 1×1; 1×1 and 3×3; 1×1 and 5×5; pooling and 1×1. Without batch
    normalization, as in the paper, it has 6,998,552 parameters for images of 224×224 pixels in
    colour and 1,000 classes. The two helping classifiers that the paper used in training are left
    out: batch normalization made them superfluous.

    image_shape: ``(height, width, channels)``; sides of at least 32, or 8 with small.
    num_classes: number of classes.
    width: by how much the number of filters of each convolution is multiplied, > 0; rounded, at
        least 1.
    small: whether the stem suits images of up to about 64 pixels: its first convolution is then
        3×3 without strides instead of 7×7 with, so that a quarter of height and width goes into
        the first module, not an eighth.
    normalize: whether batch normalization stands between each convolution and its ReLU; or
        ``"modules"``: once before the first module and once behind each, which takes less time.
    dropout: fraction set to zero before the classifying layer while training, in ``[0, 1)``.

    Raises ValueError for a width that is not positive, an image that is too small and another word
    for normalize.

    Source: Szegedy et al., "Going Deeper with Convolutions" (2015), table 1; batch normalization:
    Ioffe and Szegedy (2015).
    """
    least = 8 if small else 32
    if not width > 0:
        raise ValueError(f"expected width > 0, got {width}")
    if normalize not in (True, False, "modules"):
        raise ValueError(f"normalize must be True, False or 'modules', got {normalize!r}")
    if len(image_shape) != 3 or None in image_shape or min(image_shape[:2]) < least:
        raise ValueError(
            f"image_shape must be (height, width, channels), sides at least {least}, "
            f"got {image_shape}: enlarge the images" + ("" if small else ", or set small=True")
        )

    def convolve(x, filters, size, name, strides=1):
        filters = max(1, round(filters * float(width)))
        options = {"strides": strides, "padding": "same", "name": name}
        if normalize in (False, "modules"):
            return layers.Conv2D(filters, size, activation="relu", **options)(x)
        x = layers.Conv2D(filters, size, use_bias=False, **options)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        return layers.ReLU()(x)

    def inception(x, name, one, before_three, three, before_five, five, after_pool):
        a = convolve(x, one, 1, f"{name}_1x1")
        b = convolve(x, before_three, 1, f"{name}_3x3_reduce")
        b = convolve(b, three, 3, f"{name}_3x3")
        c = convolve(x, before_five, 1, f"{name}_5x5_reduce")
        c = convolve(c, five, 5, f"{name}_5x5")
        d = layers.MaxPooling2D(3, strides=1, padding="same")(x)
        d = convolve(d, after_pool, 1, f"{name}_pool_proj")
        return even_out(layers.Concatenate(name=name)([a, b, c, d]))  # (batch, rows, columns, all)

    def even_out(x):
        return layers.BatchNormalization(momentum=0.9)(x) if normalize == "modules" else x

    halve = {"pool_size": 3, "strides": 2, "padding": "same"}
    inputs = x = keras.Input(image_shape)
    x = convolve(x, 64, 3, "conv1") if small else convolve(x, 64, 7, "conv1", strides=2)
    x = layers.MaxPooling2D(name="pool1", **halve)(x)  # a quarter of the sides; small: half
    x = convolve(x, 64, 1, "conv2_reduce")
    x = convolve(x, 192, 3, "conv2")
    x = even_out(layers.MaxPooling2D(name="pool2", **halve)(x))  # an eighth; small: a quarter
    x = inception(x, "inception_3a", 64, 96, 128, 16, 32, 32)
    x = inception(x, "inception_3b", 128, 128, 192, 32, 96, 64)
    x = layers.MaxPooling2D(name="pool3", **halve)(x)  # a sixteenth; small: an eighth
    x = inception(x, "inception_4a", 192, 96, 208, 16, 48, 64)
    x = inception(x, "inception_4b", 160, 112, 224, 24, 64, 64)
    x = inception(x, "inception_4c", 128, 128, 256, 24, 64, 64)
    x = inception(x, "inception_4d", 112, 144, 288, 32, 64, 64)
    x = inception(x, "inception_4e", 256, 160, 320, 32, 128, 128)
    x = layers.MaxPooling2D(name="pool4", **halve)(x)  # a 32nd; small: a 16th
    x = inception(x, "inception_5a", 256, 160, 320, 32, 128, 128)
    x = inception(x, "inception_5b", 384, 192, 384, 48, 128, 128)
    x = layers.GlobalAveragePooling2D(name="features")(x)  # (batch, filters)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_classes), activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="googlenet")
