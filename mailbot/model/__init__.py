"""The nouns of the house: values without I/O, settings or a clock of their own."""
