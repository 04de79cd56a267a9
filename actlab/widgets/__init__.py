"""Figures that move: each runs in JupyterLab beside a kernel, and in the built page without one."""
