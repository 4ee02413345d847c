"""The vocabulary of clickjoin: records, IDs, wire format, settings. Pure: no I/O, no clock, no randomness."""
