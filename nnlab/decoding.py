"""Sentences from networks that write one place at a time: greedy decoding and beam search."""

import keras
import numpy as np
from keras import ops


def beam_search(
    model, sources, *, start, end, beams=4, max_length=40, length_power=1.0, batch_size=64
):
    """Return the best answer that is found for each source, a list of lists of ids.

    The most probable beginnings of an answer are kept, ``beams`` of them. Each is continued by
    every id, and of all these again the most probable are kept. ``beams=1`` is greedy decoding.
    What was computed for the places before is kept (a cache), so that a step computes one place.

    model: network with the methods ``start`` and ``step``, such as `nnlab.models.Transformer`.
    sources: n sequences of ids, each of one id at least; ids are 1 or more.
    start, end: ids that a target begins with, and that end it; neither is returned.
    beams: beginnings that are kept of each answer, int ≥ 1.
    max_length: ids of the longest answer, int ≥ 1.
    length_power: the sum of an answer's log probabilities is divided by its number of ids to this
        power: 0 favours short answers, 1 compares means.
    batch_size: sources at a time.

    Raises ValueError where a source is empty, and beams or max_length are below 1.

    Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks" (2014); Wu et
    al., "Google's Neural Machine Translation System" (2016), for the power of the length.
    """
    lengths = [len(source) for source in sources]
    if min(lengths, default=1) < 1 or beams < 1 or max_length < 1:
        raise ValueError(
            "expected sources of one id or more, beams ≥ 1 and max_length ≥ 1, "
            f"got a shortest source of {min(lengths, default=0)}, {beams=} and {max_length=}"
        )

    class First(keras.Model):
        """Reads the sources, each once for every beginning that is kept."""

        def __init__(self):
            super().__init__(dtype=model.dtype_policy)
            self.translator = model

        def call(self, source):  # (batch, source_length)
            parts = self.translator.start(source, max_length + 1)
            return keras.tree.map_structure(lambda part: ops.repeat(part, beams, axis=0), parts)

    class Step(keras.Model):
        """Gives the most probable next ids and their log probabilities, and the new cache."""

        def __init__(self):
            super().__init__(dtype=model.dtype_policy)
            self.translator = model

        def call(self, inputs):
            logits, cache = self.translator.step(
                inputs["ids"], inputs["place"][0], inputs["memory"], inputs["cache"]
            )
            values, ids = ops.top_k(ops.log_softmax(logits), beams)  # (batch * beams, beams)
            return values, ids, cache

    def search(source):
        """Return the best answer to each row of source, ids and then zeros."""
        memory, cache = first.predict_on_batch(source)
        rows = np.arange(len(source))[:, None]  # (batch, 1)
        ids = np.zeros((len(source), beams, max_length + 1), np.int32)
        last = np.full((len(source), beams), start, np.int32)
        totals = np.where(np.arange(beams) == 0, 0, -np.inf)  # at first, there is one beginning
        totals = np.tile(totals, (len(source), 1))  # sums of log probabilities
        sizes = np.zeros(totals.shape, np.int32)
        alive = np.ones(totals.shape, bool)  # has not ended
        for place in range(max_length + 1):
            inputs = {"ids": last.ravel(), "place": np.full(last.size, place, np.int32)}
            inputs |= {"memory": memory, "cache": cache}
            values, nexts, cache = step.predict_on_batch(inputs)
            if np.isnan(values).any():
                raise ValueError("the network gives logits that are NaN: its training diverged")
            values = values.reshape(*last.shape, beams).astype("float64")
            nexts = nexts.reshape(values.shape)
            values[~alive] = np.where(np.arange(beams) == 0, 0, -np.inf)  # stays as it is
            nexts[~alive] = 0
            sizes = sizes + alive
            totals = totals[..., None] + values  # (batch, beams, beams)
            means = totals / sizes[..., None] ** length_power
            best = np.argsort(-means.reshape(len(source), -1), axis=1, kind="stable")[:, :beams]
            before = best // beams  # which beginning each of them continues
            totals = totals.reshape(len(source), -1)[rows, best]
            last = nexts.reshape(len(source), -1)[rows, best]
            ids = ids[rows, before]
            ids[:, :, place] = last
            sizes = sizes[rows, before]
            alive = alive[rows, before] & (last != end)
            if not alive.any():
                break
            order = (rows * beams + before).ravel()
            cache = [np.asarray(part)[order] for part in cache]
        return ids[:, 0]

    first, step = First(), Step()
    first.compile()
    step.compile()
    answers = []
    for begin in range(0, len(sources), batch_size):
        batch = sources[begin : begin + batch_size]
        source = np.zeros((batch_size, max(2, *lengths)), np.int32)  # one shape: compiled once
        source[:, 0] = end  # rows that are left over
        for row, source_ids in zip(source, batch, strict=False):
            row[: len(source_ids)] = source_ids
        for row in search(source)[: len(batch)]:
            answer = row[: np.flatnonzero((row == end) | (row == 0)).min(initial=max_length)]
            answers.append(answer.tolist())
    return answers
