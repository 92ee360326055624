//! An account with a settings profile, simulated by a proxy in front of the engine that adds settings absent
//! from a request.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use bionicpro_model::SecretUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The settings profile of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profile {
    /// Settings that a request may override.
    pub(crate) settings: Vec<(String, String)>,
    /// Settings that no request may set to a different value.
    pub(crate) constant: HashMap<String, String>,
    /// `readonly = 1`: the same for all of these, with a server's error message.
    pub(crate) readonly: HashMap<String, String>,
    /// All parameter names in any request so far.
    pub(crate) named: Arc<Mutex<BTreeSet<String>>>,
}

impl Profile {
    pub(crate) fn of(settings: &[(&str, &str)]) -> Profile {
        Profile { settings: own(settings).collect(), ..Profile::default() }
    }

    pub(crate) fn constant(settings: &[(&str, &str)]) -> Profile {
        Profile { constant: own(settings).collect(), ..Profile::of(settings) }
    }

    /// Returns the refusal of a request with these settings, if any.
    fn refusal(&self, named: &[(String, String)]) -> Option<String> {
        let other = |fixed: &HashMap<String, String>| {
            let differs =
                |(name, value): &&(String, String)| fixed.get(name).is_some_and(|fixed| fixed != value);
            named.iter().find(differs).map(|(name, _)| name.clone())
        };
        let readonly = other(&self.readonly).map(|name| {
            format!("Code: 164. DB::Exception: Cannot modify '{name}' setting in readonly mode. (READONLY)")
        });
        readonly.or_else(|| {
            other(&self.constant).map(|name| {
                format!(
                    "Code: 452. DB::Exception: Setting {name} should not be changed. (SETTING_CONSTRAINT_VIOLATION)"
                )
            })
        })
    }

    /// Returns the request line with the profile's settings added, or the refusal of the request.
    fn applied(&self, line: &str) -> Result<String, String> {
        let mut words = line.split(' ');
        let (method, target, version) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let named: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        self.named.lock().unwrap().extend(named.iter().map(|(name, _)| name.clone()));
        if let Some(refusal) = self.refusal(&named) {
            return Err(refusal);
        }
        let mut target = url::Url::parse("http://h").unwrap().join(target).unwrap();
        for (name, value) in &self.settings {
            if named.iter().all(|(other, _)| other != name) {
                target.query_pairs_mut().append_pair(name, value);
            }
        }
        let query = target.query().map_or(String::new(), |query| format!("?{query}"));
        Ok(format!("{method} {}{query} {version}", target.path()))
    }
}

fn own(settings: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

/// Returns the engine's address for an account with this profile; it is served as long as the runtime exists.
pub(crate) async fn account(engine: &SecretUrl, profile: Profile) -> SecretUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut url = engine.expose_secret().clone();
    let port = url.port().unwrap();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let profile = Arc::new(profile);
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let profile = Arc::clone(&profile);
            tokio::spawn(async move {
                // A client that disconnects is up to the test.
                let _ = request(near, port, &profile).await;
            });
        }
    });
    SecretUrl::parse(url.as_str()).unwrap()
}

/// Forwards one request and closes the connection.
async fn request(mut near: TcpStream, port: u16, profile: &Profile) -> std::io::Result<()> {
    near.set_nodelay(true)?;
    let mut begin = Vec::new();
    let end = loop {
        if near.read_buf(&mut begin).await? == 0 {
            return Ok(());
        }
        if let Some(end) = begin.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = std::str::from_utf8(&begin[..end]).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    match profile.applied(line) {
        Ok(line) => {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await?;
            far.set_nodelay(true)?;
            far.write_all(format!("{line}\r\n{headers}\r\nConnection: close\r\n\r\n").as_bytes()).await?;
            far.write_all(&begin[end + 4..]).await?;
            copy_bidirectional(&mut near, &mut far).await?;
        }
        Err(refusal) => {
            read_body(&mut near, headers, begin[end + 4..].to_vec()).await?;
            let answer = format!(
                "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{refusal}",
                refusal.len()
            );
            near.write_all(answer.as_bytes()).await?;
            near.shutdown().await?;
        }
    }
    Ok(())
}

async fn read_body(near: &mut TcpStream, headers: &str, mut body: Vec<u8>) -> std::io::Result<()> {
    let length =
        headers.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let is_whole =
        |body: &[u8]| length.map_or(body.ends_with(b"0\r\n\r\n"), |length: usize| body.len() >= length);
    while !is_whole(&body) && near.read_buf(&mut body).await? > 0 {}
    Ok(())
}
