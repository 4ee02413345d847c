"""Messy records through the whole pipeline, and all that came of them compared with brute force."""
