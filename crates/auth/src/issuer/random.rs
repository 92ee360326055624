//! Names that nobody can guess, and comparing them without telling how far a guess was right.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use bionicpro_model::{Error, Kind, Result};

use super::key::encode;

/// 256 random bits as 43 characters.
pub(super) fn name() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)
        .map_err(|error| Error::new(Kind::Internal, "the system gives no random numbers").source(error))?;
    Ok(encode(bytes))
}

/// Whether two secrets are the same; takes as long for any two of one length.
pub(super) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
