"""Writing the XML of electronic invoices: elements in order, empty ones left out, the same bytes every time."""

from collections.abc import Mapping

from lxml import etree

type Element = etree._Element


class XmlWriter:
    """Adds elements by prefixed name (`cbc:ID`); a text that is empty makes no element."""

    def __init__(self, namespaces: Mapping[str | None, str], root: str) -> None:
        self._uris = {prefix or "": uri for prefix, uri in namespaces.items()}
        self.root = etree.Element(self._tag(root), nsmap=dict(namespaces))

    def _tag(self, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        return f"{{{self._uris[prefix]}}}{local}"

    def group(self, parent: Element, name: str, /) -> Element:
        """Add an element that holds others."""
        return etree.SubElement(parent, self._tag(name))

    def text(self, parent: Element, name: str, value: str, /, **attributes: str) -> None:
        """Add an element with text; attributes that are empty are left out."""
        if value == "":
            return
        element = etree.SubElement(parent, self._tag(name))
        for key, content in attributes.items():
            if content:
                element.set(key, content)
        element.text = _printable(value)

    def path(self, parent: Element, path: str, value: str, /, **attributes: str) -> None:
        """Add nested elements, as in `cac:Country/cbc:IdentificationCode`, with the text in the innermost."""
        if value == "":
            return
        *groups, last = path.split("/")
        for name in groups:
            parent = self.group(parent, name)
        self.text(parent, last, value, **attributes)

    def to_bytes(self) -> bytes:
        """The document in UTF-8, indented; groups that stayed empty are gone."""
        for element in reversed(list(self.root.iterdescendants())):
            above = element.getparent()
            if above is not None and len(element) == 0 and not element.text and element.tag not in self.keep_empty:
                above.remove(element)
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8", pretty_print=True)

    keep_empty: frozenset[str] = frozenset()


def _printable(text: str) -> str:
    """Without the characters that XML 1.0 forbids; a form feed or a NUL in a note must not stop an invoice."""
    if text.isprintable():
        return text
    return "".join(sign for sign in text if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff"))
