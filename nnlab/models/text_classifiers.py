"""Networks that read the words of a text and sort it: by their mean, by convolution, in turn.

All read ids of words, 0 where a text has ended: however much padding follows, the answer is the
same. A text needs one word at least. The layer ``words`` holds a vector for each id.
"""

import keras
from keras import layers, ops


def build_text_mean(vocab_size, *, num_outputs=1, embedding_dim=64, dropout=0.5):
    """Return an uncompiled network that sorts a text by the mean of its words' vectors.

    Integer ids ``(batch, length)`` of any length go in, 0 for padding; logits, float32
    ``(batch, num_outputs)``, come out.

    vocab_size: number of different ids, the 0 of padding included.
    num_outputs: logits for a text: 1 for yes or no, else one for each class.
    embedding_dim: length of the vector learned for each word.
    dropout: fraction of whole words left out while training, in ``[0, 1)``.

    Source: Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods for Text
    Classification" (2015), for the words left out; Joulin et al., "Bag of Tricks for Efficient Text
    Classification" (2017).
    """
    inputs = keras.Input((None,), dtype="int32")
    mask = ops.not_equal(inputs, 0)  # (batch, length)
    embedding = layers.Embedding(int(vocab_size), int(embedding_dim), name="words")
    x = embedding(inputs)  # (batch, length, dim)
    x = layers.Dropout(dropout, noise_shape=(None, None, 1))(x)  # whole words
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)  # (batch, dim)
    outputs = layers.Dense(int(num_outputs), dtype="float32")(x)
    return keras.Model(inputs, outputs, name="text_mean")


def build_text_cnn(
    vocab_size,
    *,
    num_outputs=1,
    embedding_dim=64,
    filters=128,
    kernel_size=3,
    pooling="max",
    dropout=0.5,
):
    """Return an uncompiled network that sorts a text by what convolutions find in it.

    Integer ids ``(batch, length)`` of any length go in, 0 for padding; logits, float32
    ``(batch, num_outputs)``, come out.

    vocab_size: number of different ids, the 0 of padding included.
    num_outputs: logits for a text: 1 for yes or no, else one for each class.
    embedding_dim: length of the vector learned for each word.
    filters: number of patterns that are looked for.
    kernel_size: words that a pattern spans.
    pooling: ``"max"`` takes the strongest place of each pattern; ``"attention"`` takes a mean of
        all places, weighed by how much the network attends to each. Its layer ``attention`` gives
        these weights, float32 ``(batch, length, 1)``, which sum to 1.
    dropout: fraction of whole words, and of what was found, left out while training, in ``[0, 1)``.

    Raises ValueError for another pooling.

    Source: Kim, "Convolutional Neural Networks for Sentence Classification" (2014); for attention
    Yang et al., "Hierarchical Attention Networks for Document Classification" (2016).
    """
    if pooling not in ("max", "attention"):
        raise ValueError(f"pooling must be max or attention, got {pooling!r}")
    inputs = keras.Input((None,), dtype="int32")
    mask = ops.expand_dims(ops.not_equal(inputs, 0), -1)  # (batch, length, 1)
    embedding = layers.Embedding(int(vocab_size), int(embedding_dim), name="words")
    x = embedding(inputs)  # (batch, length, dim)
    x = layers.Dropout(dropout, noise_shape=(None, None, 1))(x)  # whole words
    x = ops.where(mask, x, 0)  # padding is what lies outside a text: zeros
    convolution = layers.Conv1D(int(filters), int(kernel_size), padding="same")
    x = layers.ReLU()(convolution(x))  # (batch, length, filters)
    if pooling == "max":
        x = ops.max(ops.where(mask, x, 0), axis=1)  # (batch, filters); none is below 0
    else:
        scores = layers.Dense(int(filters), activation="tanh")(x)
        scores = layers.Dense(1)(scores)  # (batch, length, 1)
        attention = layers.Softmax(axis=1, dtype="float32", name="attention")
        weights = attention(scores, mask=mask)  # they sum to 1
        x = ops.sum(weights * ops.cast(x, "float32"), axis=1)  # (batch, filters)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_outputs), dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"text_cnn_{pooling}")


def build_text_rnn(
    vocab_size, *, cell="gru", num_outputs=1, embedding_dim=64, units=64, dropout=0.5
):
    """Return an uncompiled network that reads a text in both directions, in turn, and sorts it.

    Integer ids ``(batch, length)`` of any length go in, 0 for padding; logits, float32
    ``(batch, num_outputs)``, come out. They are made of the mean of the hidden states at all words.

    vocab_size: number of different ids, the 0 of padding included.
    cell: ``"simple_rnn"``, ``"lstm"`` or ``"gru"``.
    num_outputs: logits for a text: 1 for yes or no, else one for each class.
    embedding_dim: length of the vector learned for each word.
    units: width of the hidden state in each direction.
    dropout: fraction of whole words, and of what was read, left out while training, in ``[0, 1)``.

    Raises ValueError for another cell.

    Source: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks" (1997); Iyyer et al.,
    "Deep Unordered Composition Rivals Syntactic Methods for Text Classification" (2015), for the
    words left out.
    """
    kinds = {"simple_rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
    if cell not in kinds:
        raise ValueError(f"cell must be one of {', '.join(kinds)}, got {cell!r}")
    inputs = keras.Input((None,), dtype="int32")
    mask = ops.not_equal(inputs, 0)  # (batch, length)
    embedding = layers.Embedding(int(vocab_size), int(embedding_dim), name="words")
    x = embedding(inputs)  # (batch, length, dim)
    x = layers.Dropout(dropout, noise_shape=(None, None, 1))(x)  # whole words
    recurrent = kinds[cell](int(units), return_sequences=True)
    x = layers.Bidirectional(recurrent)(x, mask=mask)  # (batch, length, 2 * units)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)  # (batch, 2 * units)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(int(num_outputs), dtype="float32")(x)
    return keras.Model(inputs, outputs, name=f"text_{cell}")
