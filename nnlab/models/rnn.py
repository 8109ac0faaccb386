"""Recurrent networks that read text one character at a time, and predict the next."""

import keras
from keras import layers


def build_char_rnn(
    vocab_size, *, cell="gru", units=(512,), embedding_dim=64, dropout=0.0, batch_size=None
):
    """Return an uncompiled network that predicts each next character of a text.

    Integer ids ``(batch, length)`` go in, logits ``(batch, length, vocab_size)``, float32, come
    out, each for the character after the one at its place.

    vocab_size: number of different characters.
    cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
    units: width of each recurrent layer, in order.
    embedding_dim: length of the vector learned for each character.
    dropout: fraction of each recurrent layer's output set to zero while training, in ``[0, 1)``.
    batch_size: if given, the network takes batches of this size only and is stateful: each batch
        starts with the hidden states in which the last one ended, until ``reset_state`` of the
        layers is called, as the callback ``nnlab.training.ResetStates`` does. On the JAX and
        PyTorch backends call ``nnlab.training.keep_recurrent_state`` first.

    Raises ValueError for another cell.

    Source: Elman, "Finding Structure in Time" (1990); Hochreiter and Schmidhuber, "Long Short-Term
    Memory" (1997); Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).
    """
    kinds = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
    if cell not in kinds:
        raise ValueError(f"cell must be one of {', '.join(kinds)}, got {cell!r}")
    inputs = keras.Input(batch_shape=(batch_size, None), dtype="int32")
    vocab_size = int(vocab_size)  # Keras refuses NumPy's integers
    x = layers.Embedding(vocab_size, int(embedding_dim))(inputs)  # (batch, length, dim)
    for width in map(int, units):
        stateful = batch_size is not None
        x = kinds[cell](width, return_sequences=True, stateful=stateful)(x)
        x = layers.Dropout(dropout)(x)  # (batch, length, width)
    # One logit for each character: (batch, length, vocab_size)
    outputs = layers.Dense(vocab_size, dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"char_{cell}")
