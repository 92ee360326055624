//! Errors as clients see them, and this service's texts for some of them.

use bionicpro_edge::DefaultDetails;
pub(crate) use bionicpro_edge::{MEDIA_TYPE, Problem, ProblemBody, ProblemKind};

/// The details of problems that have no more precise one.
pub(crate) const TEXTS: DefaultDetails = DefaultDetails {
    not_found: "There is nothing at this address; /docs lists the endpoints",
    method_not_allowed: "This address does not support this method; the header Allow lists those it supports",
    unavailable: "The reports cannot be read at the moment; try again in a few seconds",
};
