"""How everything stands, for people, for cron and for the page."""
