//! The compact form of a signed token (RFC 7515, section 7.1), read strictly and not yet believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::header::{self, Header};
use crate::rejection::{Checked, Reason, Rejection};

/// Longest token that is looked at, in bytes; holds the memory and time that a stranger can take.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A token taken apart. Nothing in it is verified.
#[derive(Debug)]
pub struct Compact<'a> {
    pub(crate) header: Header,
    pub(crate) signing_input: &'a str,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Fails for a text that is too long to be looked at.
    pub(crate) fn check_size(unverified_jwt: &str) -> Checked<()> {
        match unverified_jwt.len() > MAX_TOKEN_BYTES {
            true => Err(Rejection::Invalid(Reason::TooLarge)),
            false => Ok(()),
        }
    }

    /// Takes a token apart and reads its header; fails unless the header is one that this system's tokens may have.
    pub fn parse(unverified_jwt: &'a str) -> Checked<Self> {
        Compact::check_size(unverified_jwt)?;
        let encoding = Rejection::Invalid(Reason::Encoding);
        let (signing_input, signature) = unverified_jwt.rsplit_once('.').ok_or(encoding)?;
        let (header, payload) = signing_input.split_once('.').ok_or(encoding)?;
        if signature.is_empty() {
            return Err(encoding);
        }
        // A dot left in the payload is outside the alphabet: a fourth segment fails here too.
        let header = decode(header).ok_or(encoding)?;
        let payload = decode(payload).ok_or(encoding)?;
        decode(signature).ok_or(encoding)?;
        Ok(Compact { header: header::read(&header)?, signing_input, payload, signature })
    }
}

/// Base64url without padding; the last character's unused bits must be zero, so that each value has one spelling.
pub(crate) fn decode(segment: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(segment).ok()
}
