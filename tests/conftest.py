"""Settings that all tests share, and what a run tells at its end."""

from hypothesis import settings

# The same examples on every run, and no limit on the time of one: a busy machine is no defect of the code.
settings.register_profile("actlab", derandomize=True, deadline=None, database=None)
settings.load_profile("actlab")


def pytest_terminal_summary(terminalreporter):
    """Print the mutation scores of the assignments, whichever worker measured them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    scores = {text for report in reports for name, text in report.user_properties if name == "mutation score"}
    if scores:
        terminalreporter.section("wrong answers that the exercises' tests reject")
        for text in sorted(scores):
            terminalreporter.write_line(text)
