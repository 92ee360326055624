-- The caller's rows; if the report is for one prosthesis, only those of it.
user_id = ({caller})
AND ({prosthesis_id: Nullable(UUID)} IS NULL OR prosthesis_id = {prosthesis_id: Nullable(UUID)})
