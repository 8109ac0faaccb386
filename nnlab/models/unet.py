"""U-Net, a network that says of each pixel of an image what it belongs to."""

import keras
from keras import layers


def build_unet(image_shape, *, num_classes=1, filters=(16, 32, 64, 128), momentum=0.9):
    """Return an uncompiled U-Net: images go in, a probability for each of their pixels comes out.

    Float ``(batch, *image_shape)`` goes in, probabilities ``(batch, height, width, num_classes)``,
    float32, come out. On the way down, each level but the first halves height and width by 2×2 max
    pooling; on the way up, a transposed convolution doubles them, and what the level saw on the way
    down is joined to it by a skip connection. Of each level, counted from 1, the feature maps are
    those of the layers ``down_1``, ``down_2``, …, and of ``up_1``, ``up_2``, ….

    image_shape: ``(height, width, channels)``; height and width are multiples of 2 to the power of
        the number of filters less one, or None: any such size.
    num_classes: 1 for two of them, the object and its background: one sigmoid for the object; of
        more, a softmax.
    filters: of the 3×3 convolutions of each level, from the top; each level has two on either way,
        each followed by batch normalization and ReLU.
    momentum: of the running means of batch normalization, in ``[0, 1)``; the nearer to 1, the more
        batches they remember: more than a few hundred steps of training deserve 0.98.

    Raises ValueError for another image_shape, also where a side cannot be halved as often as
    needed, for no filters or classes, and for another momentum.

    Source: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
    Segmentation" (2015), there without padding; batch normalization: Ioffe and Szegedy (2015).
    """
    if not filters or num_classes < 1 or not 0 <= momentum < 1:
        raise ValueError(
            "expected the filters of one level or more, num_classes ≥ 1 and momentum "
            f"in [0, 1), got {filters}, {num_classes} and {momentum}"
        )
    scale = 2 ** (len(filters) - 1)
    sides = [side for side in image_shape[:2] if side is not None]
    if len(image_shape) != 3 or any(side < 1 or side % scale for side in sides):
        raise ValueError(
            f"with {len(filters)} filters, image_shape must be (height, width, "
            f"channels), sides multiples of {scale} or None, got {image_shape}: "
            "crop or pad"
        )
    inputs = x = keras.Input(image_shape)
    skips = []
    for level, width in enumerate(filters, start=1):
        x = layers.MaxPooling2D()(x) if level > 1 else x  # half of height and width
        for name in (None, f"down_{level}"):
            x = layers.Conv2D(int(width), 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=momentum)(x)
            x = layers.ReLU(name=name)(x)
        skips.append(x)
    for level in reversed(range(1, len(filters))):
        width = int(filters[level - 1])
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)  # twice the height and width
        x = layers.Concatenate()([x, skips[level - 1]])  # (…, 2 * width)
        for name in (None, f"up_{level}"):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=momentum)(x)
            x = layers.ReLU(name=name)(x)
    activation = "sigmoid" if num_classes == 1 else "softmax"
    outputs = layers.Conv2D(int(num_classes), 1, activation=activation, dtype="float32")(x)
    return keras.Model(inputs, outputs, name="unet")
