//! Unguessable names, and a comparison that does not reveal how much of a guess was right.
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use bionicpro_auth::signing::encode;
use bionicpro_model::{Error, Kind, Result};

/// 256 random bits as 43 characters.
pub(crate) fn name() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)
        .map_err(|error| Error::new(Kind::Internal, "cannot generate random numbers").source(error))?;
    Ok(encode(bytes))
}

/// Returns true if two secrets are equal; takes the same time for any two of one length.
pub(crate) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
