"""How text is searched: lower case, without accents and punctuation, word by word."""

import re
import unicodedata

LONGEST_WORD = 40


def normalise(text: str) -> str:
    """Text as it is searched: lower case, without accents, one space between words. "Café  XL" becomes "cafe xl"."""
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def words_of(text: str) -> list[str]:
    """Its words in order, each once: "RUN-LIL-42, lilac" becomes ["run", "lil", "42", "lilac"]."""
    return list(dict.fromkeys(word[:LONGEST_WORD] for word in re.findall(r"[^\W_]+", normalise(text))))
