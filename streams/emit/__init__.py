"""Emit's decisions: who is told (`routing`), what is pending (`pending`), what an answer means (`retry`, `breaker`)."""
