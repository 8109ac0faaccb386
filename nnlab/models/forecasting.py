"""Networks that see a stretch of one time series and forecast the next: MLP, GRU, CNN, Transformer.

All are told how the series differs from its last value, and answer how it will. So a series may lie
anywhere, and before any training each forecasts that nothing changes. Several series at the same
times are forecast one by one, by the same network.
"""

import keras
from keras import layers


def build_mlp_forecaster(look_back, horizon, *, units=(256,), dropout=0.2):
    """Return an uncompiled network of dense layers that forecasts a series.

    Float ``(batch, look_back)`` goes in, float32 ``(batch, horizon)`` comes out.

    look_back: how many values it sees, int ≥ 1.
    horizon: how many it forecasts, int ≥ 1.
    units: width of each hidden layer, in order; each is followed by ReLU and dropout.
    dropout: fraction of hidden values set to zero while training, in ``[0, 1)``.

    Source: Zeng et al., "Are Transformers Effective for Time Series Forecasting?" (2023), for the
    last value that is subtracted.
    """
    inputs = keras.Input((int(look_back),))
    last = inputs[:, -1:]  # (batch, 1)
    x = inputs - last  # (batch, look_back)
    for width in map(int, units):  # Keras refuses NumPy's integers
        x = layers.Dense(width, activation="relu")(x)  # (batch, width)
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(int(horizon), kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(inputs, x + last, name="mlp_forecaster")


def build_gru_forecaster(look_back, horizon, *, patch=24, units=64, dropout=0.2):
    """Return an uncompiled recurrent network that forecasts a series.

    Float ``(batch, look_back)`` goes in, float32 ``(batch, horizon)`` comes out. It reads a patch
    of values at a step, such as a day of hours, and forecasts from its last hidden state.

    look_back: how many values it sees, a multiple of patch.
    horizon: how many it forecasts, int ≥ 1.
    patch: values of a step, int ≥ 1.
    units: width of the hidden state.
    dropout: fraction of the last state set to zero while training, in ``[0, 1)``.

    Raises ValueError where patches do not fill the look-back.

    Source: Lin et al., "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series
    Forecasting" (2023), for the patches; Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder" (2014), for the GRU.
    """
    if look_back % patch:
        raise ValueError(f"look_back must be a multiple of patch, got {look_back} and {patch}")
    steps = int(look_back // patch)
    inputs = keras.Input((int(look_back),))
    last = inputs[:, -1:]  # (batch, 1)
    x = layers.Reshape((steps, int(patch)))(inputs - last)  # (batch, steps, patch)
    x = layers.Dense(int(units), activation="relu")(x)  # (batch, steps, units)
    x = layers.GRU(int(units))(x)  # (batch, units)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(int(horizon), kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(inputs, x + last, name="gru_forecaster")


def build_conv_forecaster(
    look_back, horizon, *, patch=4, filters=32, dilations=(1, 2, 4, 8, 16), dropout=0.2
):
    """Return an uncompiled network of causal dilated convolutions that forecasts a series.

    Float ``(batch, look_back)`` goes in, float32 ``(batch, horizon)`` comes out. It reads a patch
    of values at a step. Each convolution sees three steps, as far apart as its dilation tells, and
    what it finds is added to what went in.

    look_back: how many values it sees, a multiple of patch.
    horizon: how many it forecasts, int ≥ 1.
    patch: values of a step, int ≥ 1.
    filters: channels of each convolution.
    dilations: steps between the three that a convolution sees, of each convolution, in order.
    dropout: fraction of the last values set to zero while training, in ``[0, 1)``.

    Raises ValueError where patches do not fill the look-back.

    Source: van den Oord et al., "WaveNet: A Generative Model for Raw Audio" (2016); Bai et al., "An
    Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence Modeling"
    (2018).
    """
    if look_back % patch:
        raise ValueError(f"look_back must be a multiple of patch, got {look_back} and {patch}")
    steps = int(look_back // patch)
    inputs = keras.Input((int(look_back),))
    last = inputs[:, -1:]  # (batch, 1)
    x = layers.Reshape((steps, int(patch)))(inputs - last)  # (batch, steps, patch)
    x = layers.Dense(int(filters))(x)  # (batch, steps, filters)
    for rate in map(int, dilations):
        y = layers.Conv1D(int(filters), 3, padding="causal", dilation_rate=rate)(x)
        x = layers.Add()([x, layers.ReLU()(y)])  # (batch, steps, filters)
    x = layers.Flatten()(x)  # (batch, steps * filters)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(int(horizon), kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(inputs, x + last, name="conv_forecaster")


def build_patch_transformer(
    look_back, horizon, *, patch=24, width=32, heads=4, depth=2, dropout=0.2
):
    """Return an uncompiled Transformer that forecasts a series from patches of it.

    Float ``(batch, look_back)`` goes in, float32 ``(batch, horizon)`` comes out. Each patch becomes
    a vector, to which a learned vector of its place is added; attention lets every patch look at
    all others.

    look_back: how many values it sees, a multiple of patch.
    horizon: how many it forecasts, int ≥ 1.
    patch: values of a patch, int ≥ 1.
    width: length of a patch's vector, a multiple of heads.
    heads: attention heads of each block.
    depth: number of blocks, each of attention and of two dense layers.
    dropout: fraction of a block's values set to zero while training, in ``[0, 1)``.

    Raises ValueError where patches do not fill the look-back, or heads the width.

    Source: Nie et al., "A Time Series is Worth 64 Words: Long-term Forecasting with Transformers"
    (2023); normalization goes before each part, as in Xiong et al., "On Layer Normalization in the
    Transformer Architecture" (2020).
    """
    if look_back % patch or width % heads:
        raise ValueError(
            "look_back must be a multiple of patch and width one of heads, "
            f"got {look_back=}, {patch=}, {width=}, {heads=}"
        )
    steps = int(look_back // patch)
    width = int(width)
    inputs = keras.Input((int(look_back),))
    last = inputs[:, -1:]  # (batch, 1)
    x = layers.Reshape((steps, int(patch)))(inputs - last)  # (batch, steps, patch)
    # One kernel for all patches, and biases that differ: they tell a patch's place.
    x = layers.EinsumDense("bsp,pw->bsw", (steps, width), bias_axes="sw")(x)
    for _ in range(int(depth)):
        y = layers.LayerNormalization()(x)
        y = layers.MultiHeadAttention(int(heads), width // int(heads), dropout=dropout)(y, y)
        x = layers.Add()([x, layers.Dropout(dropout)(y)])  # (batch, steps, width)
        y = layers.LayerNormalization()(x)
        y = layers.Dense(2 * width, activation="gelu")(y)
        y = layers.Dense(width)(y)
        x = layers.Add()([x, layers.Dropout(dropout)(y)])
    x = layers.Flatten()(layers.LayerNormalization()(x))  # (batch, steps * width)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(int(horizon), kernel_initializer="zeros", dtype="float32")(x)
    return keras.Model(inputs, x + last, name="patch_transformer")
