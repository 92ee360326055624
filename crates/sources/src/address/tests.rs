use super::keywords::{Fate, KEYWORDS};
use super::*;
use crate::tls::Roots;
use bionicpro_model::{Error, Kind};

/// Every keyword that `PQconndefaults` of PostgreSQL 18 lists, with a value that has an effect, and whether
/// it is accepted.
const LIBPQ_18: [(&str, &str, bool); 50] = [
    ("service", "crm", false),
    ("user", "u", true),
    ("password", "p", true),
    ("passfile", "/hunter2", false),
    ("channel_binding", "require", true),
    ("connect_timeout", "3", true),
    ("dbname", "crm", true),
    ("host", "a", true),
    ("hostaddr", "10.0.0.1", true),
    ("port", "5433", true),
    ("client_encoding", "UTF8", true),
    ("options", "-c%20jit%3Doff", true),
    ("application_name", "etl", true),
    ("fallback_application_name", "etl", true),
    ("keepalives", "1", true),
    ("keepalives_idle", "5", true),
    ("keepalives_interval", "5", true),
    ("keepalives_count", "5", true),
    ("tcp_user_timeout", "5000", true),
    ("sslmode", "verify-full", true),
    ("sslnegotiation", "postgres", true),
    ("sslcompression", "0", true),
    ("sslcert", "/hunter2.crt", false),
    ("sslkey", "/hunter2.key", false),
    ("sslcertmode", "require", false),
    ("sslpassword", "hunter2", false),
    ("sslrootcert", "/ca.pem", true),
    ("sslcrl", "/hunter2.crl", false),
    ("sslcrldir", "/hunter2", false),
    ("sslsni", "0", false),
    ("requirepeer", "hunter2", false),
    ("require_auth", "scram-sha-256", false),
    ("min_protocol_version", "3.2", false),
    ("max_protocol_version", "3.2", true),
    ("ssl_min_protocol_version", "TLSv1.3", false),
    ("ssl_max_protocol_version", "TLSv1.2", false),
    ("gssencmode", "require", false),
    ("krbsrvname", "postgres", true),
    ("gsslib", "gssapi", true),
    ("gssdelegation", "1", true),
    ("replication", "database", false),
    ("target_session_attrs", "read-only", true),
    ("load_balance_hosts", "random", true),
    ("scram_client_key", "hunter2", false),
    ("scram_server_key", "hunter2", false),
    ("oauth_issuer", "https://hunter2", false),
    ("oauth_client_id", "hunter2", false),
    ("oauth_client_secret", "hunter2", false),
    ("oauth_scope", "hunter2", false),
    ("sslkeylogfile", "/hunter2", false),
];

fn read(text: &str) -> Result<(Config, Trust)> {
    parse(&Url::parse(text).unwrap(), "crm")
}

fn settings(text: &str) -> Config {
    read(text).unwrap_or_else(|error| panic!("{text}: {}", error.report())).0
}

/// The error that refuses a URL, which has a hint and shows nothing that is called hunter2.
fn refusal(text: &str) -> Error {
    let error = read(text).err().unwrap_or_else(|| panic!("{text} is taken"));
    assert_eq!(error.kind(), Kind::Config, "{text}");
    assert!(error.hint_text().is_some() && !error.report().contains("hunter2"), "{}", error.report());
    error
}

/// The parameter that the error names.
fn refused(text: &str) -> String {
    refusal(text).detail_text().unwrap().to_owned()
}

#[test]
fn every_keyword_of_libpq_is_taken_or_refused_by_its_name() {
    for (keyword, value, is_taken) in LIBPQ_18 {
        let text = format!("postgresql://h/db?{keyword}={value}");
        if is_taken {
            settings(&text);
        } else {
            assert_eq!(refused(&text), format!("crm.url: {keyword}"));
        }
    }
    for (keyword, _) in KEYWORDS {
        let is_libpq_18 = LIBPQ_18.iter().any(|(name, ..)| name == keyword);
        assert!(is_libpq_18 || ["keepalives_retries", "servicefile", "ssl"].contains(keyword), "{keyword}");
    }
}

#[test]
fn what_asks_for_nothing_or_for_what_is_so_anyway_is_taken() {
    for (keyword, fate) in KEYWORDS {
        match fate {
            Fate::Taken | Fate::Idle => {}
            Fate::Refused(_) => drop(settings(&format!("postgresql://h/db?{keyword}="))),
            Fate::Only(values, _) => {
                for value in *values {
                    settings(&format!("postgresql://h/db?{keyword}={value}"));
                }
                assert_eq!(
                    refused(&format!("postgresql://h/db?{keyword}=hunter2")),
                    format!("crm.url: {keyword}")
                );
            }
        }
    }
    assert_eq!(settings("postgresql://h/db?ssl=true").get_ssl_mode(), SslMode::Require);
    assert_eq!(
        settings("postgresql://h/db?sslmode=require&ssl=true&sslmode=disable").get_ssl_mode(),
        SslMode::Disable
    );
}

#[test]
fn an_unknown_keyword_is_named_and_what_may_be_the_rest_of_a_password_is_not() {
    assert_eq!(refused("postgresql://h/db?sslrootcrt=hunter2"), "crm.url: sslrootcrt");
    for rest in
        ["a&hunter2", "a&hunter29=b", "a&HUNTER2=b", "a&hunter2%20word=b", "a%2", "a%zz", "a%00", "a#hunter2"]
    {
        assert_eq!(
            refused(&format!("postgresql://u@h/db?password={rest}")).split(": ").next(),
            Some("crm.url")
        );
    }
    assert_eq!(refused("postgresql://u:5432/hunter2@h:5432/db"), "crm.url");
}

#[test]
fn values_are_decoded_once_and_a_plus_stays_a_plus() {
    for (written, meant) in [
        ("my%20tool", "my tool"),
        ("my tool", "my tool"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("a%2520b", "a%20b"),
        ("a%26b%3Dc%23d%3F", "a&b=c#d?"),
        ("a=b", "a=b"),
        ("%D0%B6", "ж"),
        ("ж", "ж"),
        ("'a%5C%22", "'a\\\""),
        ("", ""),
    ] {
        let config = settings(&format!("postgresql://h/db?application_name={written}&options="));
        assert_eq!(config.get_application_name(), Some(meant), "{written}");
        assert_eq!(config.get_options(), None);
        let config = settings(&format!("postgresql://h/db?password={written}"));
        assert_eq!(config.get_password().unwrap_or_default(), meant.as_bytes(), "{written}");
    }
    let config = settings("postgresql://%D0%B6%40:p%2Fw%FF+%25@h/a%2Fb%20c?appl%69cation_name=x&");
    assert_eq!((config.get_user(), config.get_dbname()), (Some("ж@"), Some("a/b c")));
    assert_eq!(config.get_password(), Some(&b"p/w\xff+%"[..]));
    assert_eq!(config.get_application_name(), Some("x"));
    assert_eq!(refused("postgresql://h/db?options=%FF"), "crm.url: options");
}

#[test]
fn the_query_replaces_what_stands_before_it_and_the_last_word_counts() {
    let config = settings(
        "postgresql://u:p@h:1/db?user=v&password=q&host=i&port=2&port=3&dbname=d&user=w&connect_timeout=7",
    );
    assert_eq!((config.get_user(), config.get_password()), (Some("w"), Some(&b"q"[..])));
    assert_eq!((shown(&config).as_str(), config.get_dbname()), ("i:3", Some("d")));
    assert_eq!(settings("postgresql://u@h/db?user=").get_user(), Some(""));
    assert_eq!(settings("postgresql://u@h/db?dbname=").get_dbname(), None, "the user's own");
    let named =
        |query| settings(&format!("postgresql://h/db?{query}")).get_application_name().unwrap().to_owned();
    let fallback = "fallback_application_name=f";
    assert_eq!([named(""), named(fallback)], ["bionicpro", "f"]);
    assert_eq!([named(&format!("{fallback}&application_name=a")), named("application_name=")], ["a", ""]);
}

#[test]
fn hosts_are_names_addresses_lists_and_sockets() {
    for (text, places) in [
        ("postgresql://h", "h:5432"),
        ("postgres://h:5433/", "h:5433"),
        ("postgresql://[2001:db8::1]:6/db", "[2001:db8::1]:6"),
        ("postgresql://a,b:5433/db", "a:5432, b:5433"),
        ("postgresql:///db?host=a,b&port=5432,5433", "a:5432, b:5433"),
        ("postgresql:///db?host=a,b&port=,5433", "a:5432, b:5433"),
        ("postgresql:///db?host=a,::1&port=6", "a:6, [::1]:6"),
        ("postgresql:///db?host=/run/pg", "/run/pg"),
        ("postgresql://u:p@%2Frun%2Fpg/db", "/run/pg"),
        ("postgresql:///db?hostaddr=10.0.0.1,::1", "10.0.0.1:5432, [::1]:5432"),
        ("postgresql://a,b/db?hostaddr=10.0.0.1,10.0.0.2", "a:5432, b:5432"),
    ] {
        assert_eq!(shown(&settings(text)), places, "{text}");
    }
    assert_eq!(settings("postgresql://a,b/db?hostaddr=10.0.0.1,::1").get_hostaddrs().len(), 2);
    for (text, key) in [
        ("postgresql:///db", "host"),
        ("postgresql://h/db?host=", "host"),
        ("postgresql:///db?host=a,,b", "host"),
        ("postgresql:///db?host=@abstract", "host"),
        ("postgresql://h/db?hostaddr=hunter2", "hostaddr"),
        ("postgresql://a,b/db?hostaddr=10.0.0.1", "hostaddr"),
        ("postgresql://h/db?port=0", "port"),
        ("postgresql://h/db?port=65536", "port"),
        ("postgresql://h/db?port=hunter2", "port"),
        ("postgresql://a,b,c/db?port=1,2", "port"),
    ] {
        assert_eq!(refused(text), format!("crm.url: {key}"), "{text}");
    }
    for text in ["postgresql:db", "postgresql:/db", "mysql://h/db", "http://h/?host=a"] {
        assert_eq!(refused(text), "crm.url", "{text}");
    }
}

#[test]
fn time_limits_are_those_of_libpq_and_zero_is_none() {
    let none =
        settings("postgresql://h/db?connect_timeout=0&tcp_user_timeout=0&keepalives_count=0&keepalives=0");
    assert_eq!((none.get_connect_timeout(), none.get_tcp_user_timeout()), (None, None));
    assert_eq!((none.get_keepalives(), none.get_keepalives_retries()), (false, None));
    assert_eq!(settings("postgresql://h/db?connect_timeout=-1").get_connect_timeout(), None);
    let default = settings("postgresql://h/db");
    assert_eq!(default.get_connect_timeout(), Some(&CONNECT_TIMEOUT));
    assert_eq!(default.get_tcp_user_timeout(), Some(&DEAD_PEER_AFTER));
    assert_eq!((default.get_keepalives(), default.get_keepalives_idle()), (true, DEAD_PEER_AFTER / 2));
    let given = settings(
        "postgresql://h/db?connect_timeout=%203%20&tcp_user_timeout=1500&keepalives_idle=4&keepalives_interval=5&keepalives_count=6",
    );
    assert_eq!(given.get_connect_timeout(), Some(&Duration::from_secs(3)));
    assert_eq!(given.get_tcp_user_timeout(), Some(&Duration::from_millis(1500)), "milliseconds");
    assert_eq!(given.get_keepalives_idle(), Duration::from_secs(4));
    assert_eq!(given.get_keepalives_interval(), Some(Duration::from_secs(5)));
    assert_eq!(given.get_keepalives_retries(), Some(6));
    for wrong in ["", "hunter2", "1s", "2147483648", "1.5"] {
        for key in
            ["connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_idle", "keepalives_count"]
        {
            assert_eq!(refused(&format!("postgresql://h/db?{key}={wrong}")), format!("crm.url: {key}"));
        }
    }
}

#[test]
fn words_are_those_of_libpq() {
    for encoding in ["UTF8", "utf-8", "auto", ""] {
        settings(&format!("postgresql://h/db?client_encoding={encoding}"));
    }
    for (key, wrong) in [
        ("client_encoding", "LATIN1"),
        ("target_session_attrs", "prefer-standby"),
        ("load_balance_hosts", "hunter2"),
        ("channel_binding", ""),
        ("sslnegotiation", "hunter2"),
        ("sslmode", "hunter2"),
        ("sslmode", ""),
    ] {
        assert_eq!(refused(&format!("postgresql://h/db?{key}={wrong}")), format!("crm.url: {key}"));
    }
    let config = settings(
        "postgresql://h/db?target_session_attrs=read-write&load_balance_hosts=random&channel_binding=require",
    );
    assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    assert_eq!(config.get_load_balance_hosts(), LoadBalanceHosts::Random);
    assert_eq!(config.get_channel_binding(), ChannelBinding::Require);
}

#[test]
fn encryption_is_never_less_than_what_is_asked_for() {
    let read = |query: &str| {
        let (config, trust) = read(&format!("postgresql://h/db?{query}")).unwrap();
        (config.get_ssl_mode(), trust)
    };
    let machine = Trust::VerifiedHost(Roots::OfMachine);
    assert_eq!(read(""), (SslMode::Prefer, Trust::AnyCertificate));
    assert_eq!(read("sslmode=verify-full"), (SslMode::Require, machine.clone()));
    assert_eq!(read("sslrootcert=system"), (SslMode::Require, machine));
    assert_eq!(read("sslmode=require&sslrootcert="), (SslMode::Require, Trust::AnyCertificate));
    let file = Trust::VerifiedHost(Roots::OfFile("/my ca.pem".into()));
    assert_eq!(read("sslmode=require&sslrootcert=/my%20ca.pem"), (SslMode::Require, file));
    assert_eq!(refused("postgresql://h/db?sslmode=prefer&sslrootcert=system"), "crm.url: sslrootcert");
    assert_eq!(refused("postgresql://h/db?sslnegotiation=direct"), "crm.url: sslnegotiation");
    let direct = settings("postgresql://h/db?sslnegotiation=direct&sslmode=require");
    assert_eq!(direct.get_ssl_negotiation(), SslNegotiation::Direct);
    let local = settings("postgresql:///db?host=/run/pg&sslmode=verify-full");
    assert_eq!(local.get_ssl_mode(), SslMode::Disable, "within the machine");
    let mixed = settings("postgresql:///db?host=/run/pg,h&sslmode=verify-full");
    assert_eq!(mixed.get_ssl_mode(), SslMode::Require);
}

#[test]
fn what_messages_show_of_an_address_holds_no_secret() {
    let config = settings("postgresql://u:hunter2@h:5433/db?password=hunter22&options=-c%20x.y%3Dhunter2");
    assert_eq!(shown(&config), "h:5433");
    assert!(!format!("{config:?}").contains("hunter22"));
}
