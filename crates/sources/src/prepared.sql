-- Prepared transactions are open, belong to no session, and tell only when they were prepared.
SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database()
