-- A fleet for the API: people with one prosthesis each, 16 hours of every day. One insert of the mart per
-- day, as daily loads leave it, is done by the caller's settings: parts are cut by block size and merged by
-- the engine.
INSERT INTO reports.users (user_id, ldap_username, customer_name, customer_email, version, is_deleted)
SELECT reinterpretAsUUID(sipHash128('person', number)), concat('person.', toString(number)),
       concat('Person ', toString(number)), concat('person.', toString(number), '@example.com'), 1, 0
FROM numbers({people:UInt64});

INSERT INTO reports.user_prostheses
    (user_id, prosthesis_id, chip_id, prosthesis_model, serial_number, version, is_deleted)
SELECT reinterpretAsUUID(sipHash128('person', number)), reinterpretAsUUID(sipHash128('prosthesis', number)),
       concat('CHIP-', toString(number)), 'Model A', concat('SN-', toString(number)), 1, 0
FROM numbers({people:UInt64});

INSERT INTO reports.user_prosthesis_stats
    (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, avg_response_time,
     avg_battery_level, error_count, error_rate, customer_name, customer_email, prosthesis_model, created_at,
     response_count, response_sum, battery_count, battery_sum, battery_min, battery_last, anomaly_count,
     version, is_deleted)
WITH number % {people:UInt64} AS person,
     intDiv(number, {people:UInt64}) AS cell,
     toDateTime({end:Date}, 'UTC') - toIntervalDay(1 + intDiv(cell, 16)) + toIntervalHour(6 + cell % 16) AS at,
     toUInt32(20 + cityHash64(number) % 200) AS movements,
     35 + (cityHash64(number, 1) % 200) / 10 AS response,
     20 + (cityHash64(number, 2) % 800) / 10 AS battery
SELECT reinterpretAsUUID(sipHash128('person', person)), concat('person.', toString(person)),
       reinterpretAsUUID(sipHash128('prosthesis', person)), concat('CHIP-', toString(person)), toDate(at), at,
       movements, response, battery, movements % 3, (movements % 3) / movements,
       concat('Person ', toString(person)), concat('person.', toString(person), '@example.com'), 'Model A', now(),
       movements, response * movements, movements, battery * movements, battery - 1, battery - 1, 0, 1, 0
FROM numbers({people:UInt64} * {days:UInt64} * 16)
