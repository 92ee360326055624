//! Files that contain one secret, as Docker, Kubernetes and systemd provide them.

use std::path::Path;

use bionicpro_model::{Error, Kind, Result, Secret};

/// Reads the secret in the file that the configuration key `key` names: one line, without its line break.
///
/// # Errors
/// `Config` if the file cannot be read, is not UTF-8, begins with a byte order mark, is empty or has a second
/// line. No error repeats its content.
pub fn read_secret(key: &str, file: &Path) -> Result<Secret> {
    let refused = |message| Error::new(Kind::Config, message).detail(format!("{key} = {}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| {
        refused("cannot read a secret file")
            .hint("check its path, and that this account may read it")
            .source(error)
    })?;
    if text.starts_with('\u{feff}') {
        return Err(
            refused("a secret file begins with a byte order mark").hint("save it as UTF-8 without one")
        );
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() {
        return Err(
            refused("a secret file is empty").hint(format!("write the secret into it, or unset {key}"))
        );
    }
    if line.contains(['\n', '\r']) {
        return Err(refused("a secret file has more than one line").hint("write the secret on its only line"));
    }
    Ok(Secret::new(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Secret> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, bytes).unwrap();
        read_secret("crm.password_file", &file)
    }

    #[test]
    fn a_secret_is_the_only_line_of_its_file() {
        for text in ["s%41 cret", "s%41 cret\n", "s%41 cret\r\n"] {
            assert_eq!(read(text.as_bytes()).unwrap().expose_secret(), "s%41 cret");
        }
        assert_eq!(read(b" blank at both ends ").unwrap().expose_secret(), " blank at both ends ");
    }

    #[test]
    fn what_is_no_secret_is_refused_with_its_key_and_without_its_content() {
        for (bytes, message) in [
            (&b""[..], "a secret file is empty"),
            (b"\n", "a secret file is empty"),
            (b" \r\n", "a secret file is empty"),
            (b"hunter2\nhunter3\n", "a secret file has more than one line"),
            (b"hunter2\n\n", "a secret file has more than one line"),
            (b"hunter\xff", "cannot read a secret file"),
            ("\u{feff}hunter2\n".as_bytes(), "a secret file begins with a byte order mark"),
        ] {
            let error = read(bytes).unwrap_err();
            assert_eq!((error.kind(), error.message()), (Kind::Config, message));
            let report = error.report();
            assert!(report.contains("crm.password_file = ") && !report.contains("hunter"), "{report}");
        }
        let error = read_secret("crm.password_file", Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.message(), "cannot read a secret file");
    }
}
