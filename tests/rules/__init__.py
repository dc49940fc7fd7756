"""Case files: what each rule says of whom, as data. A file named after a rule belongs to that rule."""
