"""Looks for what is configured under [alerts], and tells a webhook once."""
