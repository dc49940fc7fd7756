"""Pure decisions: from facts to verdicts to a plan, with gates and slots. No I/O, no clock, no settings."""
