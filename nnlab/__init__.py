"""A thin helper library beside notebooks that teach neural networks with Keras.

========================  ==========================================================
``nnlab.datasets``        ``load_*``: images and texts as NumPy arrays, with their source and licence;
                          ``stream_*``: images that are read from disk while training
``nnlab.models``          ``build_*``: uncompiled Keras models
``nnlab.text``            vocabulary, windows to train on
``nnlab.sampling``        new examples from a trained network: texts, ways through a latent space
``nnlab.metrics``         bits per character, Fréchet distance
``nnlab.plotting``        ``plot_*``: draw on the Axes given, and return it
``nnlab.training``        seeds, schedules, precision, training that may be killed, samples kept on the way
``nnlab.notebook``        how a notebook begins and ends: a quiet start, the record of the run
``nnlab.launching``       one training program in several processes
``nnlab`` (the command)   ``run``, ``launch``, ``data``, ``copy`` and ``info``
========================  ==========================================================

Every public function but the loaders can be pasted into other code under its module's import lines;
``nnlab copy models.build_mlp`` prints it with just the imports it needs.
"""

__version__ = "0.1.0"
