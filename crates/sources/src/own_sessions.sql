-- The server processes that hold the lock of this program's readers; a key of 64 bits lies in two halves.
SELECT pid
FROM pg_locks
WHERE locktype = 'advisory'
  AND objsubid = 1
  AND granted
  AND classid = ({key}::bigint >> 32)::oid
  AND objid = ({key}::bigint & 4294967295)::oid
