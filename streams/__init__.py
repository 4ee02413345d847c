"""The Faust workers: join decides, sink writes tables, emit tells the traffic sources."""
