"""The reports: one SQL file each, what they can be asked, and who asks."""
