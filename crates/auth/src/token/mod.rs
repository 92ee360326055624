//! A token, layer by layer: bytes, header, signing input, claims. No I/O and no keys.

pub(crate) mod claims;
pub(crate) mod compact;
pub(crate) mod header;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod logout;
mod text;
pub(crate) mod times;
