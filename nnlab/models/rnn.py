"""Recurrent networks that read text one character at a time, and write it."""

import keras
from keras import layers


def build_char_rnn(
    vocab_size, *, cell="gru", units=(512,), embedding_dim=64, dropout=0.0, batch_size=None
):
    """Return an uncompiled network that predicts each next character of a text.

    vocab_size: number of different characters; integer ids ``(batch, length)`` go in, logits
    ``(batch, length, vocab_size)`` come out, each for the character after the one at its place.
    cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``. units: width of each recurrent layer, in order.
    embedding_dim: length of the vector learned for each character.
    dropout: fraction of each recurrent layer's output set to zero while training, in ``[0, 1)``.
    batch_size: if given, the network takes batches of this size only and is stateful: it goes on in each batch where
    it ended the last one, until its layers' ``reset_state`` is called, as the callback
    ``nnlab.training.ResetStates`` does. On the JAX and PyTorch backends call
    ``nnlab.training.keep_recurrent_state`` first.

    Raises ValueError for another cell.

    Source: Elman, "Finding Structure in Time" (1990); Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997);
    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014).
    """
    kinds = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
    if cell not in kinds:
        raise ValueError(f"cell must be one of {', '.join(kinds)}, got {cell!r}")
    inputs = keras.Input(batch_shape=(batch_size, None), dtype="int32")
    x = layers.Embedding(vocab_size, embedding_dim)(inputs)
    for width in units:
        x = kinds[cell](width, return_sequences=True, stateful=batch_size is not None)(x)
        x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(vocab_size, dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"char_{cell}")
