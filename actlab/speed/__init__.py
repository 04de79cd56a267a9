"""How fast the activations are: a benchmark, run as ``python -m actlab.speed``, and what its recorded run says.

``contestants`` holds what is called, ``measurement`` the stopwatch, ``record`` the results and their file, ``report``
the goals and the tables.
"""
