"""The page for people: another face of the service."""
