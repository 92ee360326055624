-- When a prosthesis was made. Rows from before keep null until the next load compares them with the CRM.
ALTER TABLE {database}.user_prostheses{on_cluster}
ADD COLUMN IF NOT EXISTS manufactured_on Nullable(Date) COMMENT 'When it was made, null when unknown' AFTER serial_number
