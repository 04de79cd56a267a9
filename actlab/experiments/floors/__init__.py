"""The floors of the cosine fit: the least loss that a network of a few hidden units can have, however it is trained."""

from actlab.experiments.floors.record import Floor, floor, recorded_floors
from actlab.experiments.floors.search import find_floor

__all__ = ["Floor", "find_floor", "floor", "recorded_floors"]
