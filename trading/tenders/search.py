"""Search terms for Chinese and other text: single signs and pairs of neighbours, and whole words.

Two-character words (工程, 监理) are pairs, so they are found exactly; no dictionary is needed.
"""

import re
import unicodedata

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]+")
_WORD = re.compile(r"[a-z0-9]+")
LONGEST_QUERY = 100


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def terms(*texts: str) -> list[str]:
    """Every term under which a text is found, sorted, each once."""
    found: set[str] = set()
    for text in map(_plain, texts):
        found.update(_WORD.findall(text))
        for run in _HAN.findall(text):
            found.update(run)
            found.update(run[at:at + 2] for at in range(len(run) - 1))
    return sorted(found)


def tsquery(text: str) -> str:
    """The text of a PostgreSQL ``tsquery`` that asks for all of it; empty when nothing can be searched for.

    Latin words and codes match by their beginning. Only letters, digits and Han signs reach the query.
    """
    plain = _plain(text[:LONGEST_QUERY])
    asked = [f"'{word}':*" for word in _WORD.findall(plain)]
    for run in _HAN.findall(plain):
        pairs = [run[at:at + 2] for at in range(len(run) - 1)] or [run]
        asked.extend(f"'{pair}'" for pair in pairs)
    return " & ".join(dict.fromkeys(asked))
