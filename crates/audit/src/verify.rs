//! Reads a log from its first line to its last and checks that nothing was changed, inserted or removed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

use crate::chain::{Chain, GENESIS, Head, Link, plain_hash};
use crate::{Config, files};

/// A line that was seen before, as the service's log reported it, and that the audit log must still contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    service: String,
    sequence: u64,
    hash: String,
}

impl std::str::FromStr for Anchor {
    type Err = Error;

    /// Reads `service:sequence:hash`.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<_> = text.split(':').collect();
        let anchor = match parts[..] {
            [service, sequence, hash] if hash.len() == GENESIS.len() => sequence
                .parse()
                .ok()
                .map(|sequence| Anchor { service: service.to_owned(), sequence, hash: hash.to_owned() }),
            _ => None,
        };
        anchor.ok_or_else(|| {
            Error::new(Kind::Usage, "an anchor is a service, the number of a line and its hash")
                .detail(text)
                .hint("write it as api:1234:HASH, from the message `the audit log's last line` in the service's log")
        })
    }
}

/// A log that passed verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The service that writes the log.
    pub service: String,
    /// The number of files present.
    pub files: usize,
    /// The number of the first line present; above 1 if older files were removed after their retention
    /// period.
    pub first: u64,
    /// The number of the last line.
    pub last: u64,
    /// The hash of the last line: an anchor for the next verification.
    pub hash: String,
    /// Lines that a killed process left unfinished, each closed by the line after it.
    pub torn: u64,
    /// True if the last line is unfinished now: its process was killed, or is still writing it.
    pub is_open: bool,
}

/// Verifies the log of every service in `audit.folder`, oldest line first.
///
/// # Errors
/// `Data` with the first file and line that fail verification, or the anchor that does not match; `Config`
/// without a folder or with a bad key.
pub fn verify(config: &Config, anchors: &[Anchor]) -> Result<Vec<Verified>> {
    let folder = config.folder.as_ref().ok_or_else(|| {
        Error::new(Kind::Config, "no access log is configured").hint("set audit.folder, or pass --folder")
    })?;
    let chain = config.chain()?;
    let mut services = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| files::storage(folder, error))? {
        let path = entry.map_err(|error| files::storage(folder, error))?.path();
        if path.is_dir() {
            services.push(path);
        }
    }
    services.sort();
    let verified =
        services.iter().map(|path| verify_service(path, &chain, anchors)).collect::<Result<Vec<_>>>()?;
    match anchors.iter().find(|anchor| verified.iter().all(|log| log.service != anchor.service)) {
        Some(anchor) => {
            Err(broken(folder.display().to_string(), format!("there is no log of {}", anchor.service)))
        }
        None => Ok(verified),
    }
}

fn verify_service(folder: &Path, chain: &Chain, anchors: &[Anchor]) -> Result<Verified> {
    let service = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found = files::list(folder)?;
    let anchors = anchors.iter().filter(|anchor| anchor.service == service).collect();
    let mut reader = Reader {
        chain,
        anchors,
        begin: None,
        removed: Vec::new(),
        head: Head::default(),
        torn: 0,
        behind: None,
    };
    for (first, path) in &found {
        reader.read(*first, path)?;
    }
    reader.finish(folder)?;
    Ok(Verified {
        service,
        files: found.len(),
        first: reader.begin.map_or(1, |(first, _)| first),
        last: reader.head.sequence,
        hash: reader.head.hash,
        torn: reader.torn,
        is_open: reader.behind.is_some(),
    })
}

/// The state of verification while the lines are read.
struct Reader<'a> {
    chain: &'a Chain,
    anchors: Vec<&'a Anchor>,
    /// The number of the first line and the hash before it.
    begin: Option<(u64, String)>,
    /// The number and hash of the last line removed by each removal on record.
    removed: Vec<(u64, String)>,
    head: Head,
    torn: u64,
    /// The bytes after the last line that are not a line, with their file and line number, until an
    /// `audit.torn` line accounts for them.
    behind: Option<(PathBuf, u64, Vec<u8>)>,
}

impl Reader<'_> {
    fn read(&mut self, first: u64, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(|error| files::storage(path, error))?;
        if self.begin.is_none() {
            self.head.sequence = first.saturating_sub(1);
        }
        if first != self.head.sequence + 1 {
            return Err(at(
                path,
                1,
                format!(
                    "lines {} to {} are missing before it",
                    self.head.sequence + 1,
                    first.saturating_sub(1)
                ),
            ));
        }
        for (number, line) in (1_u64..).zip(BufReader::new(file).split(b'\n')) {
            let line = line.map_err(|error| files::storage(path, error))?;
            self.line(path, number, &line)?;
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: u64, line: &[u8]) -> Result<()> {
        let link = match self.chain.open(line) {
            Ok(link) => link,
            Err(why) if serde_json::from_slice::<Link>(line).is_ok() => {
                return Err(at(path, number, why.to_owned()));
            }
            Err(_) => {
                match &mut self.behind {
                    Some((.., behind)) => {
                        behind.push(b'\n');
                        behind.extend(line);
                    }
                    None => self.behind = Some((path.to_owned(), number, line.to_vec())),
                }
                return Ok(());
            }
        };
        self.close(&link)?;
        if link.sequence != self.head.sequence + 1 {
            return Err(at(
                path,
                number,
                format!("it is line {} where {} is expected", link.sequence, self.head.sequence + 1),
            ));
        }
        match &self.begin {
            None => self.begin = Some((link.sequence, link.previous.clone())),
            Some(_) if link.previous != self.head.hash => {
                return Err(at(
                    path,
                    number,
                    "its previous hash is not that of the line before it".to_owned(),
                ));
            }
            Some(_) => {}
        }
        if link.event == "audit.removed" {
            self.removed.extend(link.count.zip(link.hash_of));
        }
        self.head = Head { sequence: link.sequence, hash: link.hash };
        self.meet(path, number)
    }

    /// Checks that the line accounts for the bytes before it that are not a line.
    fn close(&mut self, link: &Link) -> Result<()> {
        let Some((path, number, behind)) = self.behind.take() else { return Ok(()) };
        let length = u64::try_from(behind.len()).ok();
        let is_accounted = link.event == "audit.torn"
            && link.count == length
            && link.hash_of.as_deref() == Some(&plain_hash(&behind));
        match is_accounted {
            true => {
                self.torn += 1;
                Ok(())
            }
            false => Err(at(
                &path,
                number,
                "it is not a line of the log, and the next line does not account for it".to_owned(),
            )),
        }
    }

    fn meet(&self, path: &Path, number: u64) -> Result<()> {
        let same = |anchor: &&&Anchor| anchor.sequence == self.head.sequence && anchor.hash != self.head.hash;
        match self.anchors.iter().find(same) {
            Some(anchor) => Err(at(
                path,
                number,
                format!("line {} differs from the anchor: the log was rewritten", anchor.sequence),
            )),
            None => Ok(()),
        }
    }

    /// Returns true if a line of the log records the removal of the line with this number and hash, and of
    /// all before it. A process that was killed while it removed files has left the newest of them.
    fn is_removed(&self, sequence: u64, hash: &str) -> bool {
        self.removed.iter().any(|(last, its)| *last > sequence || (*last == sequence && its == hash))
    }

    /// Runs the checks that need the whole log: its first line, removed lines, and anchors beyond its end.
    fn finish(&self, folder: &Path) -> Result<()> {
        let place = || folder.display().to_string();
        match &self.begin {
            Some((1, previous)) if previous != GENESIS => {
                return Err(broken(place(), "line 1 refers to a line before it".to_owned()));
            }
            Some((first, previous)) if *first > 1 && !self.is_removed(first - 1, previous) => {
                return Err(broken(
                    place(),
                    format!(
                        "lines 1 to {} are missing, and no line of the log records their removal",
                        first - 1
                    ),
                ));
            }
            _ => {}
        }
        match self.anchors.iter().find(|anchor| anchor.sequence > self.head.sequence) {
            Some(anchor) => Err(broken(
                place(),
                format!(
                    "it ends with line {}, but line {} was seen: lines were removed from its end",
                    self.head.sequence, anchor.sequence
                ),
            )),
            None => Ok(()),
        }
    }
}

fn at(path: &Path, number: u64, what: String) -> Error {
    broken(format!("{}, line {number}", path.display()), what)
}

fn broken(place: String, what: String) -> Error {
    Error::new(Kind::Data, "the audit log fails verification")
        .detail(format!("{place}: {what}"))
        .hint("keep the log as it is and find out who can write to it; the lines before this one are intact")
}
