"""Sphinx extension: mark bibliography entries as list items.

docutils 0.21 gives an entry the role `doc-biblioentry`, which WAI-ARIA has deprecated, inside an element with the role
`list`: a screen reader then announces a list without items (axe rule "aria-required-children").
"""

from docutils import nodes


def visit_citation(self, node):
    """Write the entry as docutils does, with another role."""
    type(self).visit_citation(self, node)
    self.body[-1] = self.body[-1].replace('role="doc-biblioentry"', 'role="listitem"')


def depart_citation(self, node):
    """Close the entry as docutils does."""
    type(self).depart_citation(self, node)


def setup(app):
    """Register the two functions with Sphinx."""
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
