"""A thin helper library beside notebooks that teach neural networks with Keras.

========================  =====================================================================
``nnlab.notebook``        how a notebook begins and ends: a quiet start, the record of the run
``nnlab.datasets``        ``load_*``: images and texts as arrays, with their source and licence;
                          a check of image folders; record files, for data larger than memory
``nnlab.models``          ``build_*``: uncompiled Keras models
``nnlab.training``        seeds, schedules, precision; training that may be killed
``nnlab.metrics``         bits per character, calibration error, Fréchet distance
``nnlab.plotting``        ``plot_*``: draw on the Axes given, and return it
``nnlab.text``            vocabulary, batches to train on
``nnlab.sampling``        new examples from a trained network: texts, paths in a latent space
``nnlab.decoding``        the most probable answer of a trained network: beam search
``nnlab.trained``         ``load_trained``: networks that come trained; ``keep_model``: your own
``nnlab.explaining``      what an answer of a network depends on
``nnlab.drawing``         a pad to draw digits on, and what makes them look like MNIST's
``nnlab.launching``       one training program in several processes of this host
``nnlab.serving``         a network that answers over HTTP; needs the extra ``serve``
``nnlab`` (the command)   ``run``, ``launch``, ``serve``, ``demo``, ``data``, ``copy``, ``info``
========================  =====================================================================

What models, training, metrics, plotting, text, sampling, decoding, explaining and drawing offer can
be pasted into other code under its module's import lines; ``nnlab copy models.build_mlp`` prints a
helper with just the imports it needs.
"""

__version__ = "0.2.0"
