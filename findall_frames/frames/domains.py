"""The host behind an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["domains"]

# A scheme and a user may stand before the host; a port, a path or nothing after it. What goes
# on in another way, such as "javascript:alert(1)" or a sentence, has no host.
_ADDRESS: Final = (
    r"(?s)^\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?"
    r"(?:[^\s/?#@\\]*@)?"
    r"(?P<host>\[[^\]\s]*\]|[^\s/?#:@\\\[\]]+?)"
    r"\.?(?::[0-9]*)?(?:[/?#\\].*)?\s*$"
)
_LONGEST_SCHEME: Final = len("https://")


def domains(urls: Sequence[str]) -> pa.Array:
    """Find the host of each address, in lower case and without ``www.``; null where none is.

    Examples
    --------
    >>> domains(["https://www.Example.com/a", "cognition.ai", "no host"]).to_pylist()
    ['example.com', 'cognition.ai', None]
    """
    # Few hosts stand behind many addresses: cut each after its host, and look at each cut once.
    heads = [url[: url.find("/", _LONGEST_SCHEME) + 1 or None] for url in urls]
    encoded = pa.array(heads, pa.large_string()).dictionary_encode()
    hosts = pc.utf8_lower(pc.struct_field(pc.extract_regex(encoded.dictionary, _ADDRESS), [0]))
    return pc.replace_substring_regex(hosts, r"^www\.(.*\.)", r"\1").take(encoded.indices)
