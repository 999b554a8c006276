"""The e-mail policy for headers beyond ASCII.

The standard library's own loses the spaces between encoded words where it folds a long line (seen in Python 3.11); a
subject in Russian would run together. Guarantees: a Subject or display name decodes to what was set (RFC 2047).
"""

from email.header import Header
from email.headerregistry import AddressHeader, UnstructuredHeader
from email.policy import EmailPolicy


class FoldingPolicy(EmailPolicy):
    """Encodes and folds Subject and From itself; everything else is the standard library's."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header, with its line end."""
        if self.utf8 or value.isascii():
            return super().fold_binary(name, value)
        if isinstance(value, UnstructuredHeader):
            return self._encode(name, value, end="")
        if isinstance(value, AddressHeader) and len(value.addresses) == 1:
            (address,) = value.addresses
            return self._encode(name, address.display_name, end=f"{self.linesep} <{address.addr_spec}>")
        return super().fold_binary(name, value)

    def _encode(self, name: str, text: str, *, end: str) -> bytes:
        encoded = Header(text, "utf-8", maxlinelen=76, header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{end}{self.linesep}".encode("ascii")
