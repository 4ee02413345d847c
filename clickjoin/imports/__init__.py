"""Clicks, conversions and costs from files: read row by row, made into the same records as ingest makes."""
