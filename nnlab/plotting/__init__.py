"""Plots: each draws on the Axes given, or on a new figure, and returns the Axes.

They fit a page 9 inches wide. Their colours are those of Okabe and Ito, which stay apart for
colour-blind readers; ``nnlab.mplstyle`` beside this file is the style that `nnlab.notebook.begin`
applies. A plot has no title: give it one (``ax.set_title``), which becomes the alternative text of
the figure in a notebook.
"""

from nnlab.plotting.boxes import plot_boxes
from nnlab.plotting.classification import plot_confusion_matrix, plot_mistakes
from nnlab.plotting.convolutions import plot_feature_maps, plot_filters
from nnlab.plotting.curves import plot_gan_losses, plot_history, plot_runs
from nnlab.plotting.diagrams import plot_diagram, plot_network
from nnlab.plotting.images import animate_images, plot_images
from nnlab.plotting.latent import plot_latent_codes
from nnlab.plotting.masks import plot_outlines
from nnlab.plotting.probabilities import plot_calibration, plot_precision_recall, plot_roc
from nnlab.plotting.surfaces import plot_decision_regions, plot_loss_surface
from nnlab.plotting.texts import plot_texts

__all__ = [
    "animate_images",
    "plot_boxes",
    "plot_calibration",
    "plot_confusion_matrix",
    "plot_decision_regions",
    "plot_diagram",
    "plot_feature_maps",
    "plot_filters",
    "plot_gan_losses",
    "plot_history",
    "plot_images",
    "plot_latent_codes",
    "plot_loss_surface",
    "plot_mistakes",
    "plot_network",
    "plot_outlines",
    "plot_precision_recall",
    "plot_roc",
    "plot_runs",
    "plot_texts",
]
