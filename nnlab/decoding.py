"""Sentences from networks that write one place at a time: greedy decoding and beam search."""

import keras
import numpy as np
from keras import ops


class BeamSearch:
    """Writes the most probable answers that it finds: ``BeamSearch(model, …)(sources)``.

    The most probable beginnings of an answer are kept, ``beams`` of them. Each is continued by
    every id, and of all these again the most probable are kept. ``beams=1`` is greedy decoding.
    What was computed for the places before is kept (a cache), so that a step computes one place.
    Keep the object and call it often: what it computes is compiled in the first calls.

    model: network with the methods ``start`` and ``step``, such as `nnlab.models.Transformer`.
    start, end: ids that a target begins with, and that end it; neither is returned.
    beams: beginnings that are kept of each answer, int ≥ 1.
    max_length: ids of the longest answer, int ≥ 1; what has not ended by then is cut.

    Raises ValueError where beams or max_length are below 1.

    Source: Sutskever et al., "Sequence to Sequence Learning with Neural Networks" (2014); Wu et
    al., "Google's Neural Machine Translation System" (2016), for the power of the length.
    """

    def __init__(self, model, *, start, end, beams=4, max_length=40):
        if min(beams, max_length) < 1:
            raise ValueError(f"expected beams and max_length ≥ 1, got {beams=}, {max_length=}")
        self.start = start
        self.end = end
        self.beams = beams
        self.max_length = max_length

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
                likely = ops.log_softmax(logits)[:, 1:]  # 0 is padding, which is never written
                values, ids = ops.top_k(likely, min(beams, likely.shape[-1]))
                return values, ids + 1, cache  # values and ids (batch * beams, top)

        self.first = First()
        self.first.compile()
        self.step = Step()
        self.step.compile()

    def __call__(self, sources, *, length_penalty=1.0, batch_size=64):
        """Return the best answer that is found for each source, a list of lists of ids.

        sources: n sequences of ids, each of one id at least; ids are 1 or more.
        length_penalty: the sum of an answer's log probabilities is divided by its number of ids,
            the end included, to this power: 0 favours short answers, 1 compares means.
        batch_size: sources at a time, int ≥ 1.

        Raises ValueError where a source is empty, where batch_size is below 1, and where the
        network gives NaN.
        """
        lengths = [len(source) for source in sources]
        if min([*lengths, batch_size]) < 1:
            raise ValueError(
                "expected sources of one id or more, and batch_size ≥ 1, "
                f"got a shortest source of {min(lengths, default=0)}, {batch_size=}"
            )
        answers = [None] * len(sources)
        rows = min(batch_size, len(sources))  # few shapes, so that little is compiled
        width = -(-max(lengths, default=0) // 8) * 8
        in_order = np.argsort(lengths, kind="stable")  # a batch takes as long as its longest answer
        for begin in range(0, len(sources), batch_size):
            batch = in_order[begin : begin + batch_size]
            source = np.zeros((rows, width), np.int32)
            for row in range(rows):  # those that are left over repeat the last source
                source_ids = sources[batch[min(row, len(batch) - 1)]]
                source[row, : len(source_ids)] = source_ids
            found = self.search(source, length_penalty)
            for number, row in zip(batch, found[: len(batch)], strict=True):
                answer = row[: np.flatnonzero(row == self.end).min(initial=self.max_length)]
                answers[number] = answer.tolist()
        return answers

    def search(self, source, length_penalty):
        """Return the best answer to each row of source: ids, and zeros after the end."""
        memory, cache = self.first.predict_on_batch(source)
        rows = np.arange(len(source))[:, None]  # (batch, 1)
        ids = np.zeros((len(source), self.beams, self.max_length + 1), np.int32)
        last = np.full((len(source), self.beams), self.start, np.int32)
        sizes = np.zeros(last.shape, np.int32)
        alive = np.ones(last.shape, bool)  # has not ended
        totals = np.full(last.shape, -np.inf)  # sums of log probabilities
        totals[:, 0] = 0  # at first, there is only one beginning
        for place in range(self.max_length + 1):
            values, nexts, cache = self.continuations(last, place, memory, cache)
            only = np.where(np.arange(values.shape[-1]) == 0, 0, -np.inf)
            values = np.where(alive[..., None], values, only)  # what has ended stays as it is
            nexts = np.where(alive[..., None], nexts, 0)
            sizes = sizes + alive
            totals = totals[..., None] + values  # (batch, beams, top)
            scores = (totals / sizes[..., None] ** length_penalty).reshape(len(source), -1)
            best = np.argsort(-scores, axis=1, kind="stable")[:, : self.beams]
            before = best // values.shape[-1]  # which beginning each of them continues
            totals = totals.reshape(len(source), -1)[rows, best]
            last = nexts.reshape(len(source), -1)[rows, best]
            ids = ids[rows, before]
            ids[:, :, place] = last
            sizes = sizes[rows, before]
            alive = alive[rows, before] & (last != self.end)
            if not (alive & np.isfinite(totals)).any():
                break
            order = (rows * self.beams + before).ravel()
            cache = [np.asarray(part)[order] for part in cache]
        return ids[:, 0]

    def continuations(self, last, place, memory, cache):
        """Return log probabilities and ids that may follow, ``(batch, beams, top)``; the cache."""
        inputs = {"ids": last.ravel(), "place": np.full(last.size, place, np.int32)}
        inputs |= {"memory": memory, "cache": cache}
        values, ids, cache = self.step.predict_on_batch(inputs)
        if np.isnan(values).any():
            raise ValueError("the network gives logits that are NaN: its training diverged")
        return values.reshape(*last.shape, -1), ids.reshape(*last.shape, -1), cache
