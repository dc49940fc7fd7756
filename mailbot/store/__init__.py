"""The memory of the installation: SQL tables, migrations, outbox, slots, audit chain and retention.

`mailbot.store.sql.SqlStore` opens it; `mailbot.store.keys` reads and makes the key file.
"""
