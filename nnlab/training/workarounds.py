"""Faults of Keras and TensorFlow that are worked around, each with its issue, until it is mended there."""

import keras


def disable_autotune():
    """Let TensorFlow hand out batches at once, without measuring how they are best prepared; return nothing.

    For data in memory there is nothing to gain by it. And in TensorFlow 2.21 the thread that measures can miss the end
    of an epoch: it then looks again after 2.6, 5.1, 10.2, 20.5, … seconds from the epoch's start, and until then
    ``fit``, ``evaluate`` or ``predict`` waits. Holds for all data sets made from now on in this process; other
    backends need no such thing, and nothing is done for them.

    Source: ``tf.data.experimental.AutotuneOptions``, whose ``enabled`` is what is set.
    """
    if keras.backend.backend() == "tensorflow":
        from tensorflow.data.experimental import AutotuneOptions

        make = AutotuneOptions.__init__

        def make_disabled(options):
            make(options)
            options.enabled = False

        AutotuneOptions.__init__ = make_disabled
