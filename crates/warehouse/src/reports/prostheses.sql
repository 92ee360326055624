-- The prostheses that a person has now.
SELECT prosthesis_id, chip_id, prosthesis_model, serial_number
FROM user_prostheses FINAL
WHERE user_id = ({caller})
ORDER BY prosthesis_model, prosthesis_id
