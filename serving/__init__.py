"""What serves HTTP for the roles that do: ingest and the dashboard."""
