//! The demo's web app: its configuration, and its client at the issuer. The same parts run as with Keycloak.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use bionicpro_issuer::ClientOptions;
use bionicpro_model::{Error, Kind, Result, Secret};
use url::Url;

use super::folder::Folder;
use super::ports::{Ports, loopback};

/// The file of the client's secret, which is generated at the first start.
const SECRET: &str = "client-secret";

/// The section `[bff]` of a demo. The user's settings for production are not used.
pub(super) fn config(folder: &Folder, ports: Ports) -> Result<bionicpro_bff::Config> {
    Ok(bionicpro_bff::Config {
        listen: loopback(ports.bff),
        // The demo serves the metrics of all parts at one address.
        metrics_listen: None,
        api_url: address(ports.api, "")?,
        client_secret_file: Some(folder.join(SECRET)),
        ..bionicpro_bff::Config::default()
    })
}

/// The section `[store]` of a demo.
pub(super) fn store(folder: &Folder) -> Result<bionicpro_store::Config> {
    bionicpro_store::Config::in_folder(&folder.join("store"))
}

/// The client to register at the demo's issuer.
pub(super) fn client(folder: &Folder, ports: Ports) -> Result<ClientOptions> {
    let mut client = ClientOptions::new(secret(folder)?, address(ports.bff, "/auth/callback")?.as_str());
    client.post_logout_redirect_uris = vec![address(ports.bff, "/signed-out")?.into()];
    client.back_channel_logout_url = Some(address(ports.bff, "/auth/backchannel-logout")?);
    Ok(client)
}

fn address(port: u16, path: &str) -> Result<Url> {
    Url::parse(&format!("http://{}{path}", loopback(port)))
        .map_err(|error| Error::new(Kind::Internal, "the demo's web app has no address").source(error))
}

/// Reads the secret of an earlier start, or generates one in a file that only the owner may read.
fn secret(folder: &Folder) -> Result<Secret> {
    let path = folder.join(SECRET);
    let failed = |error: std::io::Error| {
        Error::new(Kind::Storage, "the demo's folder cannot be written")
            .detail(path.display().to_string())
            .source(error)
    };
    match fs::read_to_string(&path) {
        Ok(text) if text.len() >= 64 => return Ok(Secret::new(text)),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).map_err(failed)?;
    let text = bionicpro_model::hex(&bytes);
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
    Ok(Secret::new(text))
}
