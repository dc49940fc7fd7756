"""What a mail shows, told apart without keeping any of it: pure helpers of the redactors."""
