"""Networks for what is seen or heard over time: convolutions look at frames, a GRU joins them."""

import math

import keras
from keras import layers, ops


def build_cnn_rnn(
    frame_shape,
    num_classes,
    *,
    num_frames=None,
    filters=(16, 32, 64),
    context=1,
    units=64,
    dropout=0.3,
):
    """Return an uncompiled softmax classifier of sequences of frames, such as sound or video.

    Float ``(batch, num_frames, *frame_shape)`` goes in, probabilities ``(batch, num_classes)``,
    float32, come out. Each convolution halves the sides of the frames, never their number. What is
    left of a frame, in the layer ``frames``, ``(batch, num_frames, features)``, is a step of the
    GRU, whose last hidden state is classified.

    frame_shape: ``(bands, channels)`` of a spectrogram, or ``(height, width, channels)`` of an
        image; each side is at least 2 for each convolution, doubled: 8 for three.
    num_classes: number of classes.
    num_frames: how many frames a sequence has; None where batches may differ in it, which is
        slower for images.
    filters: number of filters of each convolution, in order.
    context: frames that each convolution looks at, an odd number; with 1, each frame on its own.
    units: width of the hidden state.
    dropout: fraction set to zero while training, before and after the GRU, in ``[0, 1)``.

    Raises ValueError for frames of another form or too small, and a context that is even.

    Source: Donahue et al., "Long-term Recurrent Convolutional Networks for Visual Recognition and
    Description" (2015); of sound: Choi et al., "Convolutional Recurrent Neural Networks for Music
    Classification" (2017); Cho et al. (2014), for the GRU.
    """
    *sides, channels = map(int, frame_shape)  # Keras refuses NumPy's integers
    if len(sides) not in (1, 2) or min(sides) < 2 ** len(filters):
        raise ValueError(
            f"{len(filters)} convolutions halve a frame, so frame_shape must be "
            "(bands, channels) or (height, width, channels) with sides of at least "
            f"{2 ** len(filters)}, got {frame_shape}: take fewer or enlarge the frames"
        )
    if context < 1 or context % 2 == 0:
        raise ValueError(f"context must be an odd number of frames, got {context}")
    num_frames = num_frames and int(num_frames)
    one_by_one = len(sides) == 2 and context == 1 and num_frames is not None
    kernel = [3 for _ in sides]
    strides = [2 for _ in sides]
    if not one_by_one:  # time is one more side
        kernel.insert(0, int(context))
        strides.insert(0, 1)
    convolution = layers.Conv2D if len(kernel) == 2 else layers.Conv3D
    halves = {"strides": strides, "padding": "same", "use_bias": False}
    inputs = x = keras.Input((num_frames, *sides, channels))
    if one_by_one:  # much faster than with a third side
        x = ops.reshape(x, (-1, *sides, channels))  # (batch * num_frames, …)
    for width in map(int, filters):
        x = convolution(width, kernel, **halves)(x)  # (…, half of each side, width)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    features = math.prod(x.shape[-len(sides) - 1 :])
    if one_by_one:
        x = ops.reshape(x, (-1, num_frames, features))  # (batch, num_frames, features)
    else:
        x = layers.Reshape((num_frames or -1, features))(x)
    x = layers.Dropout(dropout, name="frames")(x)
    x = layers.GRU(int(units))(x)  # (batch, units)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_classes), activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn_rnn")
