//! Addresses in the forms that users write, on a real PostgreSQL.

use bionicpro_model::{Kind, SecretUrl};
use bionicpro_sources::{Crm, CrmConfig, Database};
use url::Url;

/// A CRM with one customer, whose name describes the session that reads it.
const CRM: &str = "
    CREATE SCHEMA crm;
    CREATE VIEW crm.customers AS
        SELECT '00000000-0000-0000-0000-00000000000a'::uuid AS id, ''::text AS email, ''::text AS ldap_username,
            concat_ws('; ', current_setting('application_name'), current_setting('work_mem'), current_user)::text AS name;
    CREATE TABLE crm.prosthesis_models (id uuid, name text);
    CREATE TABLE crm.prostheses (id uuid, customer_id uuid, model_id uuid, chip_id text);";

fn config(url: &Url) -> CrmConfig {
    CrmConfig { url: Some(SecretUrl::parse(url.as_str()).unwrap()), ..CrmConfig::default() }
}

fn with_query(url: &SecretUrl, query: &str) -> Url {
    let mut url = url.expose_secret().clone();
    url.set_query(Some(query));
    url
}

#[tokio::test]
async fn a_session_has_the_name_and_the_options_of_its_address() {
    let database = bionicpro_testing::postgres().database().await;
    database.client().await.batch_execute(CRM).await.unwrap();
    let user = database.url.expose_secret().username().to_owned();
    for (query, session) in [
        ("application_name=my%20tool&options=-c%20work_mem%3D8MB", "my tool; 8MB"),
        ("application_name=a+b&options=-c%20work_mem%3D9MB%20-c%20jit%3Doff", "a+b; 9MB"),
        ("options=-cwork_mem%3D7MB&client_encoding=auto&gssencmode=disable&sslsni=1", "bionicpro; 7MB"),
    ] {
        let config = config(&with_query(&database.url, query));
        let crm = Crm::read(&Database::crm(&config).unwrap(), &config, 0).await.unwrap();
        assert_eq!(crm.customers[0].name, format!("{session}; {user}"));
    }
}

#[tokio::test]
async fn an_account_may_stand_in_the_query_and_a_password_file_has_the_last_word() {
    let database = bionicpro_testing::postgres().database().await;
    let full = database.url.expose_secret();
    let (user, password) = (full.username(), full.password().unwrap());
    let (host, port) = (full.host_str().unwrap(), full.port().unwrap());
    let ping = async |query: &str| {
        let url = Url::parse(&format!("postgresql:///{}?{query}", database.name)).unwrap();
        Database::crm(&config(&url)).unwrap().ping().await
    };
    ping(&format!("host={host}&port={port}&user={user}&password={password}")).await.unwrap();
    ping(&format!("hostaddr=127.0.0.1&port=1&port={port}&user={user}&password={password}")).await.unwrap();
    // The first of the hosts does not answer.
    ping(&format!("host={host},{host}&port=1,{port}&user={user}&password={password}&connect_timeout=5"))
        .await
        .unwrap();
    let wrong = ping(&format!("host={host}&port={port}&user={user}&password=hunter2")).await.unwrap_err();
    assert_eq!(wrong.kind(), Kind::Config);
    assert!(!wrong.report().contains("hunter2"), "{}", wrong.report());

    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{password}\n")).unwrap();
    let mut config = config(&with_query(&database.url, "password=hunter2"));
    config.password_file = Some(file.path().to_owned());
    Database::crm(&config).unwrap().ping().await.unwrap();
}
