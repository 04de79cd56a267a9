"""Settings that all tests share."""

from hypothesis import settings

# The same examples on every run, and no limit on the time of one: a busy machine is no defect of the code.
settings.register_profile("actlab", derandomize=True, deadline=None, database=None)
settings.load_profile("actlab")
