"""Requests made from the grammar of the mess, at a running ingest: `make fuzz`."""
