"""Figures about groups that tell nothing about one person (practice 2.6): words, cells, how they travel."""
