-- The server processes that hold the lock of this program's readers; a 64-bit key is stored in two halves.
SELECT pid
FROM pg_locks
WHERE locktype = 'advisory'
  AND objsubid = 1
  AND granted
  AND classid = ({key}::bigint >> 32)::oid
  AND objid = ({key}::bigint & 4294967295)::oid
