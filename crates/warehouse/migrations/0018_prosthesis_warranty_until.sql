-- Until when a prosthesis has a warranty. Rows from before keep null, as with 0017.
ALTER TABLE {database}.user_prostheses{on_cluster}
ADD COLUMN IF NOT EXISTS warranty_until Nullable(Date) COMMENT 'The last day of its warranty, null when unknown' AFTER manufactured_on
