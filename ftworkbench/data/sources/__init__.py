"""Files of records, opened at once whatever they are packed in."""
