"""Metadata that declare a PDF/A-2B file."""

from __future__ import annotations

from datetime import datetime
from html import escape


def xmp(title: str, lang: str, producer: str, when: datetime) -> str:
    """Metadata that declare PDF/A-2B. The library's own hold the present second: no two files equal."""
    time = when.isoformat(timespec="seconds")
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
    xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
   <dc:format>application/pdf</dc:format>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>
   <dc:language><rdf:Bag><rdf:li>{escape(lang)}</rdf:li></rdf:Bag></dc:language>
   <xmp:CreatorTool>bloodcells_gui</xmp:CreatorTool>
   <xmp:CreateDate>{time}</xmp:CreateDate>
   <xmp:ModifyDate>{time}</xmp:ModifyDate>
   <xmp:MetadataDate>{time}</xmp:MetadataDate>
   <pdf:Producer>{escape(producer)}</pdf:Producer>
   <pdfaid:part>2</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>"""
