//! Reads a log from its first line to its last and says whether it is what was written.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

use crate::chain::{Chain, GENESIS, Head, Link, plain_hash};
use crate::{Config, files};

/// A line that was seen before, as the service's log tells it: what the log must still hold.
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

/// A log that is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The service that writes it.
    pub service: String,
    /// Files that are there.
    pub files: usize,
    /// The number of the first line that is there; above 1 when older files were removed in order.
    pub first: u64,
    /// The number of the last line.
    pub last: u64,
    /// The hash of the last line: an anchor for the next time.
    pub hash: String,
    /// Lines that a killed process left unfinished, each closed by the next one.
    pub torn: u64,
    /// Whether the last line is unfinished now: its process was killed, or is writing it.
    pub is_open: bool,
}

/// Verifies the log of every service in `audit.folder`, oldest line first.
///
/// # Errors
/// `Data` with the first file and line that is not what was written, or the anchor that is not met; `Config` without a
/// folder or with a bad key.
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

/// What is known while lines pass.
struct Reader<'a> {
    chain: &'a Chain,
    anchors: Vec<&'a Anchor>,
    /// The number of the first line and the hash before it.
    begin: Option<(u64, String)>,
    /// The last lines of what was removed in order, each time.
    removed: Vec<(u64, String)>,
    head: Head,
    torn: u64,
    /// What stands behind the last line and is none: the beginning of one, until a line says so.
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
                format!("it is line {} where {} is due", link.sequence, self.head.sequence + 1),
            ));
        }
        match &self.begin {
            None => self.begin = Some((link.sequence, link.previous.clone())),
            Some(_) if link.previous != self.head.hash => {
                return Err(at(path, number, "the line before it is another one".to_owned()));
            }
            Some(_) => {}
        }
        if link.event == "audit.removed" {
            self.removed.extend(link.count.zip(link.hash_of));
        }
        self.head = Head { sequence: link.sequence, hash: link.hash };
        self.meet(path, number)
    }

    /// Whether the line accounts for what stands before it.
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
                "it is no line of the log, and the next one does not account for it".to_owned(),
            )),
        }
    }

    fn meet(&self, path: &Path, number: u64) -> Result<()> {
        let same = |anchor: &&&Anchor| anchor.sequence == self.head.sequence && anchor.hash != self.head.hash;
        match self.anchors.iter().find(same) {
            Some(anchor) => Err(at(
                path,
                number,
                format!("line {} is not the one that was seen: the log was rewritten", anchor.sequence),
            )),
            None => Ok(()),
        }
    }

    /// Whether the line of this number and hash, and all before it, were removed in order. A process that was killed while it
    /// removed files has left the newest of them.
    fn is_removed(&self, sequence: u64, hash: &str) -> bool {
        self.removed.iter().any(|(last, its)| *last > sequence || (*last == sequence && its == hash))
    }

    /// What only the whole log tells.
    fn finish(&self, folder: &Path) -> Result<()> {
        let place = || folder.display().to_string();
        match &self.begin {
            Some((1, previous)) if previous != GENESIS => {
                return Err(broken(place(), "the first line is not the first".to_owned()));
            }
            Some((first, previous)) if *first > 1 && !self.is_removed(first - 1, previous) => {
                return Err(broken(
                    place(),
                    format!(
                        "lines 1 to {} are missing, and no line says that they were removed in order",
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
                    "it ends with line {}, and line {} was seen: lines were taken off its end",
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
    Error::new(Kind::Data, "the audit log is not what was written")
        .detail(format!("{place}: {what}"))
        .hint("keep the log as it is and find out who can write to it; lines before this one are sound")
}
