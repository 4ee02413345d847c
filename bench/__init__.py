"""What clickjoin costs and how fast it is, measured: `python -m bench`. It may use every other package."""
