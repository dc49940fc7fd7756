"""The personnel system's feed: CSV files dropped into a folder."""
