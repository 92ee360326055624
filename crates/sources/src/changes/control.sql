-- The cluster's system identifier, and the newest timeline that a standby has recorded.
SELECT
    (SELECT system_identifier FROM pg_control_system()),
    greatest(
        (SELECT timeline_id FROM pg_control_checkpoint()),
        (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
        (SELECT received_tli FROM pg_stat_wal_receiver)
    )
