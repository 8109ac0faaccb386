"""ResNet, whose blocks add what they compute to what they were given."""

import keras
from keras import layers


def build_resnet(
    image_shape,
    num_classes,
    *,
    filters=(64, 128, 256, 512),
    depths=(2, 2, 2, 2),
    bottleneck=False,
    small=False,
    skip=True,
):
    """Return an uncompiled residual network, a softmax classifier; as it stands, ResNet-18.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, num_classes)``, float32, come
    out. A block is two 3×3 convolutions, or 1×1, 3×3, 1×1 with bottleneck, and its input is added
    to their result; each convolution is followed by batch normalization. The result of a block is
    the layer ``conv2_block1_out``, …, named as in Keras' own. Depths ``(3, 4, 6, 3)`` make
    ResNet-34, and with bottleneck ResNet-50; for 1,000 classes, ResNet-18 has 11,689,512 weights
    and ResNet-50 has 25,557,032 that are trained. For small images the paper takes filters
    ``(16, 32, 64)``, depths ``(n, n, n)`` and small=True: 6 n + 2 layers.

    image_shape: ``(height, width, channels)``.
    num_classes: number of classes.
    filters: number of filters of the 3×3 convolutions of each stage, in order; a bottleneck's
        result has four times as many. From the second stage on, each halves height and width.
    depths: number of blocks of each stage, in order, each at least 1.
    bottleneck: whether blocks have three convolutions instead of two.
    small: whether the stem suits images of up to about 64 pixels: a 3×3 convolution that keeps
        their size, in place of a 7×7 convolution and a pooling that leave a quarter of it.
    skip: whether blocks add their input; without, the same layers make a plain network.

    Raises ValueError where filters and depths do not fit each other, and for an image_shape that
    is none.

    Source: He et al., "Deep Residual Learning for Image Recognition" (2016); strides in the 3×3
    convolutions, as in Goyal et al. (2017).
    """
    if not filters or len(filters) != len(depths) or min(depths) < 1:
        raise ValueError(
            "expected filters and depths with a number ≥ 1 for each stage, "
            f"got {filters=} and {depths=}"
        )
    if len(image_shape) != 3 or None in image_shape or min(image_shape) < 1:
        raise ValueError(f"image_shape must be (height, width, channels), got {image_shape}")

    def convolve(x, filters, size, name, strides=1):
        options = {"strides": strides, "padding": "same", "use_bias": False}
        x = layers.Conv2D(filters, size, name=f"{name}_conv", **options)(x)
        return layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)

    def block(x, filters, name, strides):
        before = x
        wide = 4 * filters if bottleneck else filters
        if bottleneck:
            x = layers.ReLU()(convolve(x, filters, 1, f"{name}_1"))
            x = layers.ReLU()(convolve(x, filters, 3, f"{name}_2", strides))
            x = convolve(x, wide, 1, f"{name}_3")
        else:
            x = layers.ReLU()(convolve(x, filters, 3, f"{name}_1", strides))
            x = convolve(x, wide, 3, f"{name}_2")
        if skip:
            if strides > 1 or before.shape[-1] != wide:  # another size: a 1×1 convolution fits it
                before = convolve(before, wide, 1, f"{name}_0", strides)
            x = layers.Add(name=f"{name}_add")([before, x])
        return layers.ReLU(name=f"{name}_out")(x)

    inputs = x = keras.Input(image_shape)
    if small:
        x = layers.ReLU()(convolve(x, int(filters[0]), 3, "conv1"))
    else:
        x = layers.ReLU()(convolve(x, int(filters[0]), 7, "conv1", strides=2))
        x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)  # a quarter
    for stage, (width, depth) in enumerate(zip(filters, depths, strict=True), start=2):
        for number in range(1, depth + 1):
            strides = 2 if number == 1 and stage > 2 else 1
            x = block(x, int(width), f"conv{stage}_block{number}", strides)
    x = layers.GlobalAveragePooling2D(name="features")(x)  # (batch, filters)
    outputs = layers.Dense(int(num_classes), activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="resnet" if skip else "plain")
