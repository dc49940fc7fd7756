"""Mailboxes: the roads to Exchange and the posts that send mail over them."""
