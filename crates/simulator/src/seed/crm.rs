//! Writes the people of a fleet into the CRM, in one transaction.

use futures_util::SinkExt;
use tokio_postgres::{Client, Error, Transaction};

use crate::copy::Rows;
use crate::people::Fleet;

/// Adds the fleet's people. Rows that already exist, by any of their unique columns, are left unchanged.
pub(super) async fn write(client: &mut Client, fleet: &Fleet) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    let mut rows = Rows::with_header();
    for model in &fleet.models {
        rows.begin_row(4);
        rows.uuid(model.id);
        rows.text(model.name);
        rows.text(model.description);
        rows.int4(model.warranty_years);
    }
    add(&transaction, "prosthesis_models", "id, name, description, warranty_years", rows).await?;

    let mut rows = Rows::with_header();
    for customer in &fleet.customers {
        rows.begin_row(7);
        rows.uuid(customer.id);
        rows.text(&customer.name);
        rows.text(&customer.email);
        rows.optional(customer.ldap_username.as_deref(), Rows::text);
        rows.optional(customer.phone.as_deref(), Rows::text);
        rows.timestamp(customer.created_at);
        rows.timestamp(customer.updated_at);
    }
    add(&transaction, "customers", "id, name, email, ldap_username, phone, created_at, updated_at", rows)
        .await?;

    let mut rows = Rows::with_header();
    for prosthesis in &fleet.prostheses {
        rows.begin_row(8);
        rows.uuid(prosthesis.id);
        rows.uuid(fleet.customers[prosthesis.customer].id);
        rows.uuid(fleet.models[prosthesis.model].id);
        rows.text(&prosthesis.chip_id);
        rows.text(&prosthesis.serial_number);
        rows.date(prosthesis.manufacture_date);
        rows.timestamp(prosthesis.created_at);
        rows.timestamp(prosthesis.created_at);
    }
    let columns =
        "id, customer_id, model_id, chip_id, serial_number, manufacture_date, created_at, updated_at";
    add(&transaction, "prostheses", columns, rows).await?;
    transaction.commit().await
}

/// Adds rows through a temporary table, which is dropped at the end of the transaction, because COPY cannot
/// skip conflicting rows.
async fn add(transaction: &Transaction<'_>, table: &str, columns: &str, mut rows: Rows) -> Result<(), Error> {
    transaction
        .batch_execute(&format!(
            "CREATE TEMPORARY TABLE new_{table} (LIKE crm.{table}) ON COMMIT DROP; \
             ALTER TABLE new_{table} ALTER created_at DROP NOT NULL"
        ))
        .await?;
    rows.end();
    let copy = format!("COPY new_{table} ({columns}) FROM STDIN (FORMAT binary)");
    let mut sink = std::pin::pin!(transaction.copy_in(&copy).await?);
    sink.send(rows.take()).await?;
    sink.as_mut().finish().await?;
    let insert = format!(
        "INSERT INTO crm.{table} ({columns}) SELECT {columns} FROM new_{table} ON CONFLICT DO NOTHING"
    );
    transaction.execute(&insert, &[]).await.map(drop)
}
