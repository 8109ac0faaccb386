"""A thin helper library beside notebooks that teach neural networks with Keras.

========================  ==========================================================
``nnlab.datasets``        ``load_*``: images and texts as NumPy arrays, with their source and licence;
                          ``stream_*``: images that are read from disk while training
``nnlab.models``          ``build_*``: uncompiled Keras models
``nnlab.text``            vocabulary, windows to train on, writing with a trained network
``nnlab.metrics``         bits per character, Fréchet distance
``nnlab.plotting``        ``plot_*``: draw on the Axes given, and return it
``nnlab.training``        seeds, training that may be killed, samples kept on the way, the record of a run
``nnlab.startup``         an import without TensorFlow's greetings
``nnlab`` (the command)   ``run``, ``launch``, ``data``, ``copy`` and ``info``
========================  ==========================================================

Every public function but the loaders can be pasted into other code under its module's import lines;
``nnlab copy models.build_mlp`` prints it with just the imports it needs.
"""

__version__ = "0.1.0"
