-- Its parts go into the mart as they are.
ALTER TABLE {database}.load_rows{local}{on_cluster}
MODIFY SETTING min_bytes_for_wide_part = 1073741824
