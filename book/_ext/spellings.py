"""Sphinx extension: the search finds a word in American spelling too, "quantization" as "quantisation".

Each word of the book and of a search is spelt in the book's way before the stemmer has it. The other way round, the
stemmer would cut "initialization" down to what it leaves of "initial".
"""

import json
import re

from sphinx.search.en import SearchEnglish

# Regular expressions that Python and JavaScript read alike, and what takes the place of what they find.
SPELLINGS = (
    ("iz(?=(e[drs]?|ers|ing|able|ations?)$)", "is"),
    ("yz(?=(e[drs]?|ers|ing)$)", "ys"),
    ("^behavior", "behaviour"),
    ("^catalog(?!u)", "catalogu"),
    ("^center", "centr"),
    ("^color", "colour"),
    ("^favor", "favour"),
    ("^neighbor", "neighbour"),
)

_SCRIPT = """
const spellings = %s;
const PorterStemmer = Stemmer;
Stemmer = function () {
  const stemmer = new PorterStemmer();
  this.stemWord = (word) =>
    stemmer.stemWord(spellings.reduce((spelt, [from, to]) => spelt.replace(new RegExp(from), to), word));
};
"""


class SearchBothSpellings(SearchEnglish):
    """Sphinx' search in English texts, which says how words are stemmed here and in a page."""

    js_stemmer_code = SearchEnglish.js_stemmer_code + _SCRIPT % json.dumps(SPELLINGS)

    def stem(self, word: str) -> str:
        """Return what a word is found by."""
        word = word.lower()
        for american, british in SPELLINGS:
            word = re.sub(american, british, word)
        return super().stem(word)


def setup(app):
    """Register with Sphinx in place of its own search in English."""
    app.add_search_language(SearchBothSpellings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
