//! The compact form of a signed token (RFC 7515, section 7.1), parsed strictly and not yet verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::header::{self, Header};
use crate::rejection::{Checked, Reason, Rejection};

/// Longest token that is parsed, in bytes; limits the memory and time that an unauthenticated client can use.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A parsed token. Nothing in it is verified.
#[derive(Debug)]
pub struct Compact<'a> {
    pub(crate) header: Header,
    pub(crate) signing_input: &'a str,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: &'a str,
}

impl<'a> Compact<'a> {
    /// Fails for a text that is too long to be parsed.
    pub(crate) fn check_size(unverified_jwt: &str) -> Checked<()> {
        match unverified_jwt.len() > MAX_TOKEN_BYTES {
            true => Err(Rejection::Invalid(Reason::TooLarge)),
            false => Ok(()),
        }
    }

    /// Parses a token and its header; fails unless this system's tokens may have such a header.
    pub fn parse(unverified_jwt: &'a str) -> Checked<Self> {
        Compact::check_size(unverified_jwt)?;
        let encoding = Rejection::Invalid(Reason::Encoding);
        let (signing_input, signature) = unverified_jwt.rsplit_once('.').ok_or(encoding)?;
        let (header, payload) = signing_input.split_once('.').ok_or(encoding)?;
        if signature.is_empty() {
            return Err(encoding);
        }
        // A dot left in the payload is outside the alphabet, so a fourth segment fails here too.
        let header = decode(header).ok_or(encoding)?;
        let payload = decode(payload).ok_or(encoding)?;
        decode(signature).ok_or(encoding)?;
        Ok(Compact { header: header::read(&header)?, signing_input, payload, signature })
    }
}

/// Decodes base64url without padding. The last character's unused bits must be zero, so that each value has
/// only one encoding.
pub(crate) fn decode(segment: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(segment).ok()
}
