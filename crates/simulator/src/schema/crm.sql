-- The CRM: customers, the prosthesis models on sale, and the customers' prostheses.
-- Timestamps are UTC.
CREATE SCHEMA IF NOT EXISTS crm;

CREATE TABLE IF NOT EXISTS crm.customers (
    id            uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    name          text      NOT NULL,
    email         text      NOT NULL UNIQUE,
    -- The login name; NULL if the customer has no account.
    ldap_username text      UNIQUE,
    phone         text,
    created_at    timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    updated_at    timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

CREATE TABLE IF NOT EXISTS crm.prosthesis_models (
    id             uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    name           text      NOT NULL,
    description    text,
    warranty_years integer,
    created_at     timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

CREATE TABLE IF NOT EXISTS crm.prostheses (
    id               uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id      uuid      NOT NULL REFERENCES crm.customers (id),
    model_id         uuid      NOT NULL REFERENCES crm.prosthesis_models (id),
    -- A chip reports for exactly one prosthesis.
    chip_id          text      NOT NULL UNIQUE,
    serial_number    text,
    manufacture_date date,
    created_at       timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    updated_at       timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
