"""Requests that were kept as invalid, sent through again by the configuration of today."""
