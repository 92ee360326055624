//! Errors as callers see them, and the words that this service has for some of them.

use bionicpro_edge::DefaultDetails;
pub(crate) use bionicpro_edge::{MEDIA_TYPE, Problem, ProblemBody, ProblemKind};

/// What is said where a problem says nothing more precise.
pub(crate) const TEXTS: DefaultDetails = DefaultDetails {
    not_found: "There is nothing at this address; /docs lists what there is",
    method_not_allowed: "This address does not answer this method; the header Allow says which it does",
    unavailable: "The reports cannot be read at the moment; try again in a few seconds",
};
