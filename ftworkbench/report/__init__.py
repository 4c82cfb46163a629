"""A document of headings, tables, curves and quotations, as Markdown and as one HTML file."""
