"""Which depths can be trained: deep networks on digits, over the variance of their initial weights.

Source: Schoenholz et al. (2017), whose figure of accuracy over depth and variance this repeats on small images.
"""

from actlab.experiments.trainable_depths.record import read, write
from actlab.experiments.trainable_depths.training import DepthTraining, train_depth

__all__ = ["DepthTraining", "read", "train_depth", "write"]
