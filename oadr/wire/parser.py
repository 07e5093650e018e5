"""How this program parses XML: no entities, no network, no document types, nothing huge, no comments."""

from lxml import etree


def parser() -> etree.XMLParser:
    """A new one for each message, and never with a schema: a document type can crash that."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
