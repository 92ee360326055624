-- The caller's rows; those of one prosthesis where the report is of one.
user_id = ({caller})
AND ({prosthesis_id: Nullable(UUID)} IS NULL OR prosthesis_id = {prosthesis_id: Nullable(UUID)})
